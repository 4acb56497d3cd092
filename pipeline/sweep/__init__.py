"""This package trains what `-m` asks for: a family of trainings, or the trials of a study that Optuna steers."""
