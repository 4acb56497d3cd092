"""Imported by the process that children are forked from, so that none of them has to import TensorFlow."""

from pipeline.runtime import import_tensorflow

import_tensorflow()


import pipeline.sweep.child  # noqa: E402
import pipeline.tracking.keras_model  # noqa: E402
import pipeline.training_run  # noqa: E402, F401
