"""Variational autoencoder experiments: described in Hydra, trained with Keras, compared in MLflow."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout. Configs, downloads and the MLflow database are found from here, whatever the working directory."""

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # Python puts the working directory first for `python -m`, where a `random.py` would be taken for Python's own.
    sys.path.append(sys.path.pop(0))
