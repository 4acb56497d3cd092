"""Trainings as runs: set up, trained, recorded, loaded, scored again."""
