"""Training any model: settings, the loop, checkpoints, metrics and runs."""
