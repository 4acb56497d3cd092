"""The training of a model: settings, learning-rate schedules, progress, and checkpoints that resume exactly."""
