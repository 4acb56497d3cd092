"""Image files of the user's own, as the images that a model was trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.config.names import shown
from pipeline.data.image_file import Conversion
from pipeline.data.image_loading import LoadedImages, load_images
from pipeline.data.levels import Levels
from pipeline.errors import InputError
from pipeline.generation.asked_classes import asked_labels
from pipeline.runs.loaded_run import LoadedRun
from pipeline.text.wording import counted


def own_labels(asked: Sequence[str] | None, number: int, trained: LoadedRun) -> np.ndarray | None:
    """The labels, int [number], of files whose classes are asked for; None of a model that is not conditional.

    Args:
        asked: the class of all files, or of each.
        number: of files.
        trained: the model.

    Raises:
        InputError: the classes of a conditional model's files are not told, or are unknown, or another number of them.
    """
    labels = asked_labels(asked, trained)
    if labels is None:
        return None
    if asked is None or len(labels) not in (1, number):
        given = shown(asked if asked is None else list(asked))
        raise InputError(
            f"what.classes={given}: run {trained.id} is conditional and must be told the class of each image; expected "
            f"one class for all {counted(number, 'file')}, or one each, for example "
            f"what.classes=[{trained.vae.class_names[0]}]"
        )
    return np.resize(labels, number)


def own_files(paths: Sequence[Path], trained: LoadedRun, *, skip: bool = False, key: str | None = None) -> LoadedImages:
    """The files in the shape of the model's images, converted as its own data set was if that was one of files.

    Args:
        paths: of the files, at least one.
        trained: the model, with its record.
        skip: leave out files that cannot be read.
        key: of the settings that have `skip_unreadable`, for messages; None where there is none.

    Raises:
        InputError: files cannot be read.
    """
    height, width, channels = trained.vae.image_shape
    source = trained.config["dataset"]["source"]
    levels = Levels(source.get("black"), source.get("white")) if "background" in source else Levels(None, None)
    conversion = Conversion(
        height=height, width=width, channels=channels, background=source.get("background", "black"), levels=levels
    )
    return load_images(paths, conversion, skip=skip, key=key)
