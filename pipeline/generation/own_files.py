"""Image files of the user's own, as the images that a model was trained on."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.data.class_names import printable
from pipeline.data.image_file import Conversion
from pipeline.data.image_loading import LoadedImages, load_images
from pipeline.data.levels import Levels
from pipeline.data.listing import fault, files_below
from pipeline.errors import InputError
from pipeline.runs.loaded_run import LoadedRun

log = logging.getLogger(__name__)


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


def own_folder(folder: str, trained: LoadedRun, *, skip: bool) -> tuple[Sequence[str], LoadedImages]:
    """The files of a folder that `what.folder` names, in the shape of the model's images, and the name of each.

    Args:
        folder: with image files at any depth; what begins with a dot and what systems leave there is ignored.
        trained: the model, with its record.
        skip: leave out files that cannot be read, and say how many.

    Raises:
        InputError: the folder has no files, or one of them cannot be read.
    """
    root = Path(folder).expanduser()
    files = list(files_below(root)) if os.path.isdir(root) else []
    if not files:
        reason = "holds no file" if os.path.isdir(root) else fault(root) or "it is a file"
        raise InputError(f"what.folder={folder}: {reason}; expected a folder with images")
    found = own_files(files, trained, skip=skip, key="what")
    if found.remarks:
        log.info(f"what.folder={printable([folder])[0]}: {'; '.join(found.remarks)}")
    return printable([str(files[position].relative_to(root)) for position in found.kept]), found
