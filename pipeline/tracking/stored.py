"""A stored model, read back without running any code that it might carry."""

from pathlib import Path

import keras

import pipeline.models.vae  # noqa: F401 — Keras finds our classes by name


def stored_model(folder: Path) -> keras.Model:
    """The model in a folder that MLflow wrote.

    Raises:
        OSError, TypeError, ValueError: there is none, or it cannot be read without running code of its own.
    """
    return keras.saving.load_model(folder / "data" / "model.keras", safe_mode=True)
