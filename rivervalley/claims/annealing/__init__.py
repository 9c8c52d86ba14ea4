"""The scaling law with learning-rate annealing."""
