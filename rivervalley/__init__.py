"""Learning-rate theory, put on trial."""
