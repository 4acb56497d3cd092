"""Variational autoencoder experiments: described in Hydra, trained with Keras, compared in MLflow."""

import sys
from pathlib import Path

__version__ = "0.2.0"

ROOT = Path(__file__).resolve().parents[1]
"""The folder that this package is in: a checkout, or the site-packages of an environment where it is installed.

`pipeline.places` says where configs, runs and downloads are in either case.
"""

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # Python puts the working directory first for `python -m`, where a `random.py` would be taken for Python's own.
    sys.path.append(sys.path.pop(0))
