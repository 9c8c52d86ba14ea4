"""What every law shares: parameters, fitting, points, diagnostics."""
