"""The layout of a directory of images: which files are of which split and class."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from pipeline.data.conversion_commands import dir_setting
from pipeline.data.listing import visible
from pipeline.data.source import Part
from pipeline.errors import InputError

FOLDERS: Mapping[Part, Sequence[str]] = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""Usual names of the folders of each split, in lower case."""

LAYOUTS = (
    "expected images, or a folder of images for each class, or train/ and test/ or val/ that hold one of these two. "
    "Files that begin with a dot are ignored"
)

Classes = dict[str, list[Path]]
"""The files of each class, by class names in alphabetical order."""


def parts_of(root: Path, *, skip: bool) -> dict[Part, Classes]:
    """The files of each split as the user has divided them; all files as `train` where they are not divided.

    Args:
        root: the directory.
        skip: ignore files outside of the layout, unless their name is that of an image.

    Raises:
        InputError: there are no images, or their layout is none of `LAYOUTS`.
    """
    folders = _division(root, skip)
    parts = {part: _by_class(folder, skip) for part, folder in folders.items()}
    known = parts["train"]
    for part, classes in parts.items():
        if unknown := [name for name in classes if name not in known]:
            raise InputError(_unknown(folders[part], unknown[0], classes, folders["train"], known))
    return parts


def _unknown(folder: Path, name: str, classes: Classes, trained: Path, known: Classes) -> str:
    without_classes = [each for each, files in ((folder, classes), (trained, known)) if _is_flat(each, files)]
    if without_classes:
        [flat] = without_classes
        other = trained if flat == folder else folder
        return (
            f"{flat}: its images are in no folders of classes, those of {other} are; expected both alike. Sort them "
            f"into classes, or set {dir_setting(trained)}, of which a share becomes the test split"
        )
    return f"{folder / name}: no class of the training images; expected some of: {', '.join(known)}. Remove the folder"


def _is_flat(folder: Path, classes: Classes) -> bool:
    """Whether the images are in the folder itself, not in folders of classes."""
    return any(path.parent == folder for files in classes.values() for path in files)


def _division(root: Path, skip: bool) -> dict[Part, Path]:
    """The folder of each split; the root itself for `train` where images are not divided into splits."""
    entries = visible(root)
    named: dict[Part, list[Path]] = {
        part: [path for path in entries if path.name.lower() in names and os.path.isdir(path)]
        for part, names in FOLDERS.items()
    }
    found = {part: paths[0] for part, paths in named.items() if paths}
    others = [path for path in entries if path not in found.values()]
    if "train" not in found or (len(found) == 1 and any(map(os.path.isdir, others))):
        return {"train": root}
    if others := [path for path in others if not (skip and _is_no_image(path))]:
        beside = " and ".join(f"{path.name}/" for path in found.values())
        raise InputError(f"{others[0]}: a file or folder beside {beside}; {LAYOUTS}. Move it elsewhere")
    return found


def _by_class(root: Path, skip: bool) -> Classes:
    entries = visible(root)
    folders = [path for path in entries if os.path.isdir(path)]
    if not entries:
        raise InputError(f"{root}: holds no image; {LAYOUTS}")
    if not folders:
        return {"image": entries}
    loose = [path for path in entries if path not in folders]
    if wrong := [path for path in loose if not (skip and _is_no_image(path))]:
        raise InputError(_loose(wrong))
    return {folder.name: _of_class(folder, root, alone=len(folders) == 1) for folder in folders}


def _loose(paths: Sequence[Path]) -> str:
    more = f", and {len(paths) - 1:,} others like it" if len(paths) > 1 else ""
    cure = "Move such files into one of them"
    if all(map(_is_no_image, paths)):
        cure = "Move such files elsewhere, or leave them out: dataset.source.skip_unreadable=true"
    return f"{paths[0]}: a file beside the folders of classes{more}; {LAYOUTS}. {cure}"


def _of_class(folder: Path, root: Path, *, alone: bool) -> list[Path]:
    files = visible(folder)
    if not files:
        raise InputError(f"{folder}: the class has no image; expected at least one. Add images or remove the folder")
    if nested := [path for path in files if os.path.isdir(path)]:
        cure = f". If its folders are the classes, set {dir_setting(folder)}" if alone else ""
        raise InputError(f"{nested[0]}: a folder inside the class {folder.name} of {root}; {LAYOUTS}{cure}")
    return files


def _is_no_image(path: Path) -> bool:
    """Whether the name of a file is not that of an image."""
    return not os.path.isdir(path) and path.suffix.lower() not in Image.registered_extensions()
