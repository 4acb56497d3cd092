"""Trainings as runs: set up, trained, recorded, loaded, evaluated again."""
