"""Imported by the process that children are forked from, so that none of them has to import what each of them needs."""

import gc
import signal
from importlib import import_module
from pkgutil import walk_packages

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's, who ends its children tidily

from pipeline.runtime import import_tensorflow  # noqa: E402

import_tensorflow()

import pipeline.data  # noqa: E402
import pipeline.models  # noqa: E402
import pipeline.runs.train  # noqa: E402
import pipeline.sweep.workers.trial_process  # noqa: E402
import pipeline.tracking.model.keras_model  # noqa: E402
import pipeline.tracking.preload  # noqa: E402

for package in (pipeline.data, pipeline.models):  # what configs name
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)

gc.freeze()  # what is here for good need not be looked through, nor copied, in every child
