"""Image files of the user's own, as the images that a model was trained on."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.data.image_file import Conversion
from pipeline.data.image_loading import LoadedImages, load_images
from pipeline.data.levels import Levels
from pipeline.runs.loaded_run import LoadedRun


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
