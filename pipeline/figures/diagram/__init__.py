"""The structure of a model as boxes and arrows."""
