"""Pictures of the course of a training."""

from collections.abc import Sequence
from functools import cache

from pipeline import figures
from pipeline.figures import Figure, Trajectories
from pipeline.latent.axes import latent_axes
from pipeline.pictures.draw import Draw
from pipeline.pictures.snapshots import Snapshots


def course_pictures(snapshots: Snapshots, class_names: Sequence[str]) -> dict[str, Draw]:
    """What draws the course of a training, by file name."""
    course = cache(snapshots.course)

    def trajectories() -> Trajectories:
        axes = latent_axes(course().means[-1])
        points = axes.coordinates(course().means)
        return Trajectories(points, snapshots.split.labels, class_names, course().epochs, axes.explained)

    def reconstructions() -> Figure:
        shown = course().reconstructions
        inputs = snapshots.split.rows[: shown.shape[1]]
        return figures.reconstructions_by_epoch(inputs, shown, course().epochs)

    return {
        "evolution.png": reconstructions,
        "latent_steps.png": lambda: figures.latent_steps(trajectories()),
        "latent_film.gif": lambda: figures.latent_film(trajectories()),
    }
