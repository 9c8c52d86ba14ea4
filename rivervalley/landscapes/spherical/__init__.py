"""Losses that depend on the direction of the weights only, under decoupled weight decay."""
