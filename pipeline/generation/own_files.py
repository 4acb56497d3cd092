"""Image files of the user's own, as the images that a model was trained on."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from pipeline.config.names import shown
from pipeline.data.binarisation import drawn_pixels
from pipeline.data.class_names import LISTED, labels_of, printable
from pipeline.data.image_file import Conversion
from pipeline.data.image_loading import LoadedImages, load_images
from pipeline.data.image_rows import ImageRows
from pipeline.data.levels import Levels
from pipeline.data.listing import fault, files_below
from pipeline.errors import InputError
from pipeline.generation.asked_classes import asked_labels
from pipeline.runs.loaded_run import LoadedRun
from pipeline.text.wording import counted

log = logging.getLogger(__name__)


def own_files(paths: Sequence[Path], trained: LoadedRun, *, skip: bool = False, key: str | None = None) -> LoadedImages:
    """The files in the shape of the model's images, converted as its own data set was if that was one of files.

    They are black and white where those that the model is tested on are (`dataset.binarisation`).

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
    found = load_images(paths, conversion, skip=skip, key=key)
    _binarise_as_tested(found.images, trained)
    return found


def _binarise_as_tested(images: np.ndarray, trained: LoadedRun) -> None:
    """Draw the pixels of images, uint8 [N, H, W, C], black or white in their place if those of the test split were."""
    dataset = trained.config["dataset"]
    binarisation = dataset.get("binarisation", "none")
    if binarisation == "none":
        return
    were_grey = False
    for image in images:
        # What is drawn hangs on the image itself, so that it has the same scores whatever other files there are.
        drawn = drawn_pixels(ImageRows(image[None]), dataset["seed"], f"own file {crc32(image.tobytes())}")[0]
        were_grey |= bool((drawn != image).any())
        image[...] = drawn
    if were_grey:
        log.info(
            f"Grey pixels of the files are drawn black or white, as those of the data of run {trained.id} were "
            f"(dataset.binarisation={binarisation})"
        )


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


def own_folder(
    folder: str, trained: LoadedRun, *, classes: Sequence[str] | None, skip: bool
) -> tuple[Sequence[str], np.ndarray, np.ndarray | None]:
    """The files of a folder that `what.folder` names: the name of each, images [N, H, W, C], and their labels, int [N].

    There are labels where the model is conditional: of the class that is asked for, or of the folder that a file is in.

    Args:
        folder: with image files at any depth; what begins with a dot and what systems leave there is ignored.
        trained: the model, with its record.
        classes: the class of all files; None where folders have the names of classes.
        skip: leave out files that cannot be read, and say how many.

    Raises:
        InputError: the folder has no files, one of them cannot be read, or the class of one is not known.
    """
    root = Path(folder).expanduser()
    paths = list(files_below(root)) if os.path.isdir(root) else []
    if not paths:
        reason = "holds no file" if os.path.isdir(root) else fault(root) or "it is a file"
        raise InputError(f"what.folder={folder}: {reason}; expected a folder with images")
    files = [path.relative_to(root) for path in paths]
    if classes is None and trained.vae.conditional:
        labels: np.ndarray | None = _labels_by_folder(files, folder, trained)
    else:
        labels = own_labels(classes, len(files), trained)
    found = own_files(paths, trained, skip=skip, key="what")
    if found.remarks:
        log.info(f"what.folder={printable([folder])[0]}: {'; '.join(found.remarks)}")
    names = printable([str(files[position]) for position in found.kept])
    return names, found.images, None if labels is None else labels[found.kept]


def _labels_by_folder(files: Sequence[Path], folder: str, trained: LoadedRun) -> np.ndarray:
    """The labels, int [N], of files in folders named after their classes, as paths below the folder asked for."""
    names = trained.vae.class_names
    for file in files:
        if len(file.parts) < 2 or file.parts[0] not in names:
            raise InputError(
                f"what.folder={folder}: the class of {printable([str(file)])[0]} is not known, which a conditional "
                f"model must be told. Sort the images into folders named after the classes "
                f"({', '.join(names[:LISTED])}), or name one for all of them: what.classes={names[0]}"
            )
    return labels_of([file.parts[0] for file in files], names, "what.folder")
