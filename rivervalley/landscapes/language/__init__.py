"""The bigram language model and its languages."""
