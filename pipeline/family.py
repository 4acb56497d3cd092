"""A parent run and what it shows of its children: one table, and one picture of all of them side by side."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pandas as pd

from pipeline import figures
from pipeline.build import build
from pipeline.config import Config
from pipeline.data.batches import pixels
from pipeline.pictures.gallery import Gallery
from pipeline.pictures.settings import PictureSettings
from pipeline.pictures.view import view_of
from pipeline.runtime import circumstances
from pipeline.tracking.finished import finished_children
from pipeline.tracking.run import Run, start
from pipeline.tracking.store import Tracking
from pipeline.trained import Trained, load

COLUMNS = ("elbo", "nll", "rate", "distortion", "mse", "active_units", "knn_accuracy")
"""Numbers of the test split that the table compares."""


@contextmanager
def family(config: Config, name: str) -> Iterator[Run]:
    """A run that trainings join as children; when the block ends it shows what they came to.

    Raises:
        InputError: the tracking store cannot be reached.
    """
    tracking: Tracking = build(config["tracking"], "tracking", wanted=Tracking)
    store = tracking.connect()
    with start(store, tracking.experiment, tracking.name or name, circumstances()) as parent:
        yield parent
        show(parent, config)


def show(parent: Run, config: Config) -> None:
    """Write the table and the picture of all children that are finished."""
    finished = finished_children(parent.store, parent.id)
    ended_well = {run.id for run in finished}
    others = [run.info for run in parent.store.children(parent.id) if run.info.run_id not in ended_well]
    table = pd.DataFrame({run.name: _numbers(run.metrics) for run in finished}).T
    parent.describe(_description(table, [f"{run.run_name} ({run.status.lower()})" for run in others]))
    if finished:
        settings: PictureSettings = build(config["pictures"], "pictures", wanted=PictureSettings)
        members = [_member(load(parent.store, run.id, trusted=config["trusted"]), settings) for run in finished]
        parent.file("runs.csv", table.to_csv(index_label="run"))
        parent.file("side_by_side.png", figures.side_by_side(members, title=parent.name))


def _numbers(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: metrics[f"test/{name}"] for name in COLUMNS if f"test/{name}" in metrics}


def _member(trained: Trained, settings: PictureSettings) -> figures.Member:
    """A run as a column of the picture: the same choice of images and, for an autoencoder too, of coordinates."""
    gallery = Gallery(trained.vae, trained.data, settings, seed=0)
    images = pixels(gallery.some(trained.data.test, 8).images)
    shown = gallery.some(trained.data.test, 2000)
    view = view_of(gallery.means(shown.images), settings.plane, prior=True)
    numbers = _numbers(trained.metrics)
    return figures.Member(
        name=trained.name,
        caption="  ".join(f"{name.upper()} {numbers[name]:.1f}" for name in ("elbo", "nll") if name in numbers),
        images=images,
        reconstructions=gallery.reconstructed(images),
        points=view.points,
        labels=shown.labels,
        class_names=trained.data.class_names,
        explained=view.axes.explained,
        decoded=gallery.decoded(view.latents),
        samples=gallery.samples(36),
    )


def _description(table: pd.DataFrame, failed: Sequence[str]) -> str:
    """Markdown; the best of each column is bold."""
    lines = [f"Not finished: {', '.join(failed)}\n"] if failed else []
    if len(table):
        lines += [f"| run | {' | '.join(table.columns)} |", "| --- |" + " ---: |" * len(table.columns)]
    lower = {"nll", "rate", "distortion", "mse"}
    best = {name: table[name].min() if name in lower else table[name].max() for name in table.columns}
    for run, row in table.iterrows():
        cells = [f"**{row[name]:.4g}**" if row[name] == best[name] else f"{row[name]:.4g}" for name in table.columns]
        lines.append(f"| {run} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "Of the test split, in nats per image; `side_by_side.png` shows all of them."])
