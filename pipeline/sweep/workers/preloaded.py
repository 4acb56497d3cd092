"""The fork server imports this module, so that no trial process has to import what each of them needs."""

import gc
from importlib import import_module
from pkgutil import walk_packages

from pipeline.runtime import import_tensorflow

import_tensorflow()

import pipeline.data  # noqa: E402
import pipeline.models  # noqa: E402
import pipeline.runs.decisive_code  # noqa: E402
import pipeline.runs.train  # noqa: E402
import pipeline.sweep.workers.trial_process  # noqa: E402
import pipeline.tracking.model.keras_model  # noqa: E402
import pipeline.tracking.preload  # noqa: E402

for package in (pipeline.data, pipeline.models):  # whose classes configs name
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)

pipeline.runs.decisive_code.code_of()  # which each training asks for
gc.freeze()  # so that no trial process looks through these objects for garbage, and copies their memory by that
