"""Fitting by variable projection, its uncertainty and scores: what laws of curves and scaling laws share."""
