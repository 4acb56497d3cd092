"""Variational autoencoder experiments: described in Hydra, trained with Keras, compared in MLflow."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout. Configs, downloads and the MLflow database are found from here, whatever the working directory."""
