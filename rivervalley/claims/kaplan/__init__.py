"""Kaplan's scaling laws."""
