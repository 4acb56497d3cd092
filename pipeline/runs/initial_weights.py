"""The model that a training begins with: drawn anew, or with the weights of another run's."""

from collections.abc import Callable
from itertools import zip_longest

import keras

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
            begin_with(vae, source)
        except InputError as error:
            raise InputError(f"init={init}: {error}") from error
    return vae


def begin_with(vae: VAE, other: VAE) -> None:
    """Copy the weights of another model, whose networks and likelihood must have weights of the same shapes.

    Raises:
        InputError: a weight has another shape; the message names the first one. Or both are told the same classes in
            another order.
    """
    if vae.class_names != other.class_names and sorted(vae.class_names) == sorted(other.class_names):
        raise InputError(
            f"the classes of this run are in another order ({', '.join(other.class_names)}); expected "
            f"{', '.join(vae.class_names)}. Name a run whose data set has its classes in this order"
        )
    for mine, its in zip_longest(vae.learned, other.learned):
        if mine is None or its is None or mine.shape != its.shape:
            raise InputError(
                f"the weights of this run do not fit the model: it has {_size(its)}; expected {_size(mine)}. Name "
                "a run with the same model and likelihood"
            )
    for mine, its in zip(vae.learned, other.learned, strict=True):
        mine.assign(its)


def _size(weight: keras.Variable | None) -> str:
    return "no further weight" if weight is None else f"{weight.path} {list(weight.shape)}"


def model_of(init: str, stored: Stored) -> VAE:
    """Load the model whose weights a training is to begin with.

    Raises:
        InputError: there is no such run, or it has no model.
    """
    try:
        return stored(init)
    except InputError as error:
        raise InputError(f"init={init}: {error}") from error
