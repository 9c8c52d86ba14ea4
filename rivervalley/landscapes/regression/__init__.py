"""Regression on power-law spectra: the scaling laws' solvable models."""
