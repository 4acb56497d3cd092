"""This package describes the search space of a study: its keys, their distributions and its points."""
