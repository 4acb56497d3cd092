"""Objectives: what a training minimises, each in a file of its own, and the schedules of their weights."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):  # as Keras finds the objective of a stored model by its name
    import_module(f"{__name__}.{_module.name}")
