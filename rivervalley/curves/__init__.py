"""Loss curves, runs and their files; import from its modules: who needs a run does not load the readers."""
