"""The laws, one formula a file."""
