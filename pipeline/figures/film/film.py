"""A film of the latent space: the same images wander from where one epoch put them to where the next one does."""

import numpy as np

from pipeline.figures.film.gif import Palette, gif
from pipeline.figures.film.stage import Stage
from pipeline.figures.kit.axis_names import axis_names
from pipeline.figures.kit.epochs import epoch_name
from pipeline.figures.latent.trajectories import Trajectories

FRAMES, EPOCHS, SMOOTH = 150, 50, 12  # at most: frames of a film, epochs in it, frames from one epoch to the next
FRAME, FIRST, LAST = 50, 800, 2500  # milliseconds that a frame is shown, and the first and the last one


def latent_film(trajectories: Trajectories) -> bytes:
    """An animated GIF, 480 pixels square, of the latent space from epoch to epoch; it plays for ever.

    The axes stay the same throughout. A single latent dimension runs to the right, with a lane for each class. Of more
    than 50 epochs 50 are shown.
    """
    points, labels, epochs = trajectories.points, trajectories.labels, trajectories.epochs
    shown = np.unique(np.linspace(0, len(epochs) - 1, EPOCHS).round().astype(int))
    heads = [epoch_name(epochs[step]) for step in shown]
    stage = Stage(points[shown], labels, trajectories.class_names, heads, axis_names(trajectories.explained))
    moments = eased(len(shown))
    times = np.full(len(moments), FRAME)
    times[[0, -1]] = FIRST, LAST
    exact = np.rint(np.vstack([np.ones(3), stage.colors]) * 255).astype(np.uint8)
    palette = Palette([stage.picture(moments[i]) for i in (0, len(moments) // 2, -1)], exact)
    return gif((palette.indices(stage.picture(moment)) for moment in moments), palette, times.tolist())


def eased(count: int) -> np.ndarray:
    """The moments of a film through so many epochs, from 0 to count − 1: slow near each epoch, fast between two."""
    between = min(SMOOTH, (FRAMES - 1) // max(1, count - 1))
    epoch, way = np.divmod(np.arange((count - 1) * between + 1), between)
    way = way / between
    return np.asarray(epoch + way**2 * (3 - 2 * way))
