"""The fork server imports this module, so that no trial process has to import what each of them needs."""

import gc
import signal
from importlib import import_module
from pkgutil import walk_packages

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which ends its trial processes tidily

from pipeline.runtime import import_tensorflow  # noqa: E402

import_tensorflow()

import pipeline.data  # noqa: E402
import pipeline.models  # noqa: E402
import pipeline.runs.train  # noqa: E402
import pipeline.sweep.workers.trial_process  # noqa: E402
import pipeline.tracking.model.keras_model  # noqa: E402
import pipeline.tracking.preload  # noqa: E402

for package in (pipeline.data, pipeline.models):  # whose classes configs name
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)

gc.freeze()  # so that no trial process looks through these objects for garbage, and copies their memory by that
