"""The same images and the same latents through every model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline import figures
from pipeline.data.images import ImageData, Split
from pipeline.errors import InputError
from pipeline.latent.encoding import decode, reconstruct
from pipeline.runs.loaded_run import LoadedRun
from pipeline.tracking.run_facts import FinishedRun
from pipeline.tracking.tags import FINGERPRINT

IMAGES = 12
"""Images, and latents, that each model is shown with: as many as a page shows beside each other."""


@dataclass(frozen=True)
class Strip:
    """The images and the latents through one model.

    Attributes:
        run_id: of the model.
        reconstructions: PNG, a row of the images as it reconstructs them.
        samples: PNG, a row of what it decodes the latents to; a conditional model as its classes in turn.
    """

    run_id: str
    reconstructions: bytes
    samples: bytes


@dataclass(frozen=True)
class Sheet:
    """All models of the same data.

    Attributes:
        data: its name.
        inputs: PNG, a row of the images.
        strips: in the order of the runs.
        left_out: ids of runs whose model cannot be read, with the reason.
    """

    data: str
    inputs: bytes
    strips: list[Strip]
    left_out: dict[str, str]


def sheets(
    runs: Sequence[FinishedRun], bring_back: Callable[[str], LoadedRun], after_each: Callable[[], None]
) -> Iterator[Sheet]:
    """A sheet for each set of images that runs were trained on.

    Args:
        runs: in the order in which they are shown.
        bring_back: gives the model and the data of a run by its id.
        after_each: called when a run is done.
    """
    widest = max(int(run.params.get("model.latent_dim", 0)) for run in runs)
    latents = np.random.default_rng(0).standard_normal((IMAGES, widest))
    for fingerprint in dict.fromkeys(run.tags.get(FINGERPRINT) for run in runs):
        alike = [run for run in runs if run.tags.get(FINGERPRINT) == fingerprint]
        yield _sheet(alike, bring_back, latents, after_each)


def _sheet(
    runs: Sequence[FinishedRun],
    bring_back: Callable[[str], LoadedRun],
    latents: np.ndarray,
    after_each: Callable[[], None],
) -> Sheet:
    data: ImageData | None = None
    strips: list[Strip] = []
    left_out: dict[str, str] = {}
    for run in runs:
        try:
            trained = bring_back(run.id)
            data = data or trained.data
            strips.append(_strip(trained, _chosen(data), latents))
        except InputError as error:
            left_out[run.id] = str(error)
        after_each()
    inputs = figures.image_row(_chosen(data).images) if data else b""
    return Sheet(data.name if data else "", inputs, strips, left_out)


def _chosen(data: ImageData) -> Split:
    """The test images that are shown; the same for all models of the data."""
    order = np.random.default_rng(0).permutation(len(data.test))
    return data.test.take(order[:IMAGES])


def _strip(trained: LoadedRun, shown: Split, latents: np.ndarray) -> Strip:
    """Images and latents [N, D] through a model; one of fewer dimensions takes the first coordinates."""
    vae = trained.vae
    in_turn = np.resize(np.arange(len(vae.class_names)), len(latents)) if vae.conditional else None
    decoded = decode(vae, latents[:, : vae.latent_dim], in_turn)
    reconstructions = reconstruct(vae, shown.images, shown.labels)
    return Strip(trained.id, figures.image_row(reconstructions), figures.image_row(decoded))
