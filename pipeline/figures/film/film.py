"""A film of the latent space: the same images wander from where one epoch put them to where the next one does."""

import numpy as np

from pipeline.figures.film.gif import gif
from pipeline.figures.film.moving_scatter import MovingScatter
from pipeline.figures.kit.epochs import epoch_name
from pipeline.figures.latent.trajectories import Trajectories

FRAMES = 150
"""Frames of a film at most: 7 seconds."""
EPOCHS = 50
"""Epochs of a film at most: each then has three frames."""
SMOOTH = 12
"""Frames from one epoch to the next at most."""
FRAME_MILLISECONDS = 50
FIRST_MILLISECONDS = 800
LAST_MILLISECONDS = 2500
"""The last frame is what the training came to, and is shown long enough to be looked at."""


def latent_film(trajectories: Trajectories) -> bytes:
    """An animated GIF, 480 pixels square, of the latent space from epoch to epoch; it plays for ever.

    The axes stay the same throughout. A single latent dimension runs to the right, with a row for each class. Of more
    than 50 epochs 50 are shown.
    """
    epochs = trajectories.epochs
    shown = np.unique(np.linspace(0, len(epochs) - 1, EPOCHS).round().astype(int))
    scatter = MovingScatter(trajectories.take(shown), [epoch_name(epochs[step]) for step in shown])
    moments = eased(len(shown))
    milliseconds = np.full(len(moments), FRAME_MILLISECONDS)
    milliseconds[[0, -1]] = FIRST_MILLISECONDS, LAST_MILLISECONDS
    exact = np.rint(np.vstack([np.ones(3), scatter.colors]) * 255).astype(np.uint8)  # paper and classes
    return gif([scatter.picture(moment) for moment in moments], milliseconds.tolist(), exact)


def eased(count: int) -> np.ndarray:
    """The moments [T] of a film through so many epochs, from 0 to count − 1: slow near each epoch, fast between two."""
    between = min(SMOOTH, (FRAMES - 1) // max(1, count - 1))
    epoch, way = np.divmod(np.arange((count - 1) * between + 1), between)
    way = way / between
    return np.asarray(epoch + way**2 * (3 - 2 * way))
