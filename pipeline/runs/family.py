"""A family: a parent run, and what it shows of its children: one table, and one picture of all side by side."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pandas as pd

from pipeline import figures
from pipeline.config.build import build, trusted_of
from pipeline.config.names import Config
from pipeline.data.images import ImageData
from pipeline.errors import InputError, Interrupted
from pipeline.evaluation.scores import ranking
from pipeline.latent.plane import plane_through
from pipeline.pictures.gallery import Gallery
from pipeline.pictures.settings import PictureSettings
from pipeline.process.circumstances import circumstances
from pipeline.runs.family_resumption import refuse_others
from pipeline.runs.loaded_run import load
from pipeline.text.markdown import literal
from pipeline.text.markdown import table as markdown_table
from pipeline.tracking.comparability import deciding_score, evaluated_split, incomparable_in, ranked, reservations
from pipeline.tracking.lifecycle import reopen_run, start_run
from pipeline.tracking.run import Run
from pipeline.tracking.run_facts import FinishedRun, finished_children
from pipeline.tracking.settings import TrackingSettings
from pipeline.tracking.ui.overview import family_page


@contextmanager
def family_run(config: Config, name: str, members: Mapping[str, Config], *, resume: str | None = None) -> Iterator[Run]:
    """Open a run that trainings join as children; when the block ends, their scores and pictures are written into it.

    Args:
        config: says where runs are kept and what pictures are asked for.
        name: of the run.
        members: the config of each training that is to join, by name.
        resume: id of one that was interrupted, to go on with instead.

    Raises:
        InputError: the tracking store cannot be reached, the run to go on with is none that can be, or no training
            ended well.
        Interrupted: with how to go on.
    """
    tracking: TrackingSettings = build(config["tracking"], "tracking", expected=TrackingSettings)
    store = tracking.connect()
    if resume:
        resume = str(store.run(resume).info.run_id)
        refuse_others(store, members, resume)
    name = tracking.name or name
    opened = reopen_run(store, resume) if resume else start_run(store, tracking.experiment, name, circumstances())
    with opened as parent:
        try:
            yield parent
        except Interrupted as interrupt:
            raise interrupt.followed_by(f"\nAnd with all: the same command with resume={parent.id}") from None
        write_results(parent, config)
        if not finished_children(parent.store, parent.id):
            names = ", ".join(f"{run.info.run_name} ({run.info.status.lower()})" for run in store.children(parent.id))
            raise InputError(
                f"No training finished: {names or 'each was refused before it had a run'}. Correct the errors printed "
                "above, then type the command again"
            )


def write_results(parent: Run, config: Config) -> None:
    """Write the table and the picture of all children that are finished."""
    finished = finished_children(parent.store, parent.id)
    ended_well = {run.id for run in finished}
    others = [run.info for run in parent.store.children(parent.id) if run.info.run_id not in ended_well]
    table = pd.DataFrame({run.name: run.scores(evaluated_split(finished)) for run in finished}).T
    not_finished = [f"{literal(run.run_name)} ({run.status.lower()})" for run in others]
    link = family_page(parent.store, parent.id) if finished else None
    parent.describe(_description(table, not_finished, link, finished))
    if finished:
        parent.file("runs.csv", table.to_csv(index_label="run"))
        parent.picture("side_by_side.png", lambda: _side_by_side(parent, finished, config))


def _side_by_side(parent: Run, finished: Sequence[FinishedRun], config: Config) -> figures.Figure:
    settings: PictureSettings = build(config["pictures"], "pictures", expected=PictureSettings)
    read: dict[str, ImageData] = {}  # by their fingerprint; all members have the same images as a rule
    columns, split = [], evaluated_split(finished)
    for run in finished:
        trained = load(parent.store, run.id, trusted=trusted_of(config))
        data = read.get(trained.fingerprint) or read.setdefault(trained.fingerprint, trained.data)
        columns.append(_column(trained.name, Gallery(trained.vae, data, settings, seed=0), run.scores(split)))
    return figures.side_by_side(columns, title=parent.name)


def best_of(runs: Sequence[FinishedRun]) -> FinishedRun | None:
    """The run that is best in the deciding score; None where not all have it, or they cannot be compared by it.

    Where some have a bound on the likelihood, the others are not among those of which one is the best.
    """
    metric, able = deciding_score(runs, evaluated_split(runs)), ranked(runs)
    if incomparable_in(able, metric) or any(metric not in run.metrics for run in able):
        return None
    better = ranking(metric)
    assert better
    return next(run for run in able if run.metrics[metric] == better([each.metrics[metric] for each in able]))


def key_scores(scores: Mapping[str, float]) -> str:
    """ELBO and NLL of a run that is the best, with their unit; its squared error where it has neither."""
    likelihood = ", ".join(f"{name.upper()} {scores[name]:.2f}" for name in ("elbo", "nll") if name in scores)
    return f"{likelihood} nats" if likelihood else f"MSE {scores['mse']:.4f}"


def _column(name: str, gallery: Gallery, scores: Mapping[str, float]) -> figures.Column:
    """A run as a column of the picture: the same choice of images and, for an autoencoder too, of coordinates."""
    pairs = gallery.some(gallery.data.test, 8)
    shown = gallery.some(gallery.data.test, 2000)
    plane = plane_through(gallery.means(shown), gallery.settings.plane, prior=True)
    return figures.Column(
        name=name,
        caption=_caption(scores, gallery),
        images=pairs.images,
        reconstructions=gallery.reconstructed(pairs),
        points=gallery.labelled(plane, shown.labels),
        plane=gallery.decoded_plane(plane),
        samples=gallery.samples(36),
    )


def _caption(scores: Mapping[str, float], gallery: Gallery) -> str:
    shown = "  ".join(f"{name.upper()} {scores[name]:.1f}" for name in ("elbo", "nll") if name in scores)
    if not shown and "mse" in scores:
        shown = f"MSE {scores['mse']:.4f}"
    if not gallery.vae.conditional:
        return shown
    return f"{shown}\nof p(image | class); plane as class {gallery.by_class.names[0]}, samples of all classes in turn"


def _description(
    table: pd.DataFrame, not_finished: Sequence[str], link: str | None, finished: Sequence[FinishedRun]
) -> str:
    """Return the description in Markdown; the best of each score by which the runs can be compared is bold."""
    split = evaluated_split(finished)
    comparable = [name for name in table.columns if incomparable_in(finished, f"{split}/{name}") is None]
    lines = [f"**[Compare all of them]({link})**: curves, parameters, pictures.\n"] if link else []
    lines += [f"Not finished: {', '.join(not_finished)}\n"] if not_finished else []
    best = {name: best(list(table[name].dropna())) for name in comparable if (best := ranking(name))}
    cells = [
        [literal(run), *(_cell(row[name], bold=row[name] == best.get(name)) for name in table.columns)]
        for run, row in table.iterrows()
    ]
    if cells:
        lines.append(markdown_table([["run", *table.columns], *cells], align=["---", *["---:"] * len(table.columns)]))
        lines += ["", f"Scores of the {split} split; `side_by_side.png` shows all of the runs."]
        lines += reservations(finished, [f"{split}/{name}" for name in table.columns])
        if finished and all(run.is_conditional for run in finished):
            lines.append("All runs are conditional: ELBO, NLL and distortion are of p(image | class).")
    return "\n".join(lines)


def _cell(value: float, *, bold: bool) -> str:
    if math.isnan(value):
        return ""
    return f"**{value:.4g}**" if bold else f"{value:.4g}"
