"""The model that a training begins with: drawn anew, or with the weights of another run's."""

from collections.abc import Callable

from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.models.vae import VAE
from pipeline.runs.setup import Setup

Stored = Callable[[str], VAE]
"""Gives the model of a run, by its id or name."""


def fresh_model(setup: Setup, init: str | None, data: ImageData, stored: Stored) -> VAE:
    """Make the model that a training begins with.

    Args:
        setup: of the training.
        init: the run whose weights it has; None for weights drawn anew.
        data: that it is for.
        stored: where that run is.

    Raises:
        InputError: there is no such run, it has no model, or another one.
    """
    vae = setup.model_for(data)
    if init:
        source = model_of(init, stored)
        try:
            vae.begin_with(source)
        except InputError as error:
            raise InputError(f"init={init}: {error}") from error
    return vae


def model_of(init: str, stored: Stored) -> VAE:
    """Load the model whose weights a training is to begin with.

    Raises:
        InputError: there is no such run, or it has no model.
    """
    try:
        return stored(init)
    except InputError as error:
        raise InputError(f"init={init}: {error}") from error
