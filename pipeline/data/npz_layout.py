"""The layout of an `.npz` file: which arrays are the images and labels of which split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.data.source import Part
from pipeline.errors import InputError

PAIRS = (("x_{}", "y_{}"), ("X_{}", "y_{}"), ("{}_images", "{}_labels"), ("images_{}", "labels_{}"))
"""Usual keys of the images and the labels of a split."""

PARTS: Mapping[Part, Sequence[str]] = {
    "train": ("train",),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test",),
}
"""Usual names of each split within such a key."""

WHOLE = ("images", "labels")
"""Usual keys of images and labels that are not divided into splits."""

Layout = dict[Part, tuple[str, str | None]]
"""The keys of the images and of the labels of each split that there is."""


def layout_of(keys: Sequence[str], told: Mapping[str, str | None], path: Path) -> Layout:
    """The keys of the arrays of each split.

    Args:
        keys: of all arrays in the file.
        told: the settings `train_images`, `train_labels` and so on; None where a usual name is looked for.
        path: of the file, for messages.

    Raises:
        InputError: there are no training images, only some splits have labels, or a key is not in the file.
    """
    _check_told(keys, told, path)
    found = {} if told["train_images"] else _found(keys)
    layout: Layout = {}
    for part in PARTS:
        usual_images, usual_labels = found.get(part, (None, None))
        images = told[f"{part}_images"] or usual_images
        labels = told[f"{part}_labels"] or usual_labels
        if images:
            layout[part] = images, labels
    if "train" not in layout:
        raise InputError(
            f"{path}: has {', '.join(keys) or 'no array'}; expected x_train, y_train, x_test, y_test as Keras "
            f"writes them, or images with or without labels. {_name(keys)}"
        )
    used = [images for images, _ in layout.values()]
    if len(set(used)) < len(used):
        raise InputError(
            f"{path}: {max(used, key=used.count)} is named for two splits; expected one array for each split"
        )
    unlabelled = [images for images, labels in layout.values() if not labels]
    if len(unlabelled) not in (0, len(layout)):
        without = " ".join(f"dataset.source.{part}_images={images}" for part, (images, _) in layout.items())
        raise InputError(
            f"{path}: has {', '.join(keys)}, so {unlabelled[0]} has no labels and others have; expected labels for all "
            f"splits or for none. To use no labels, set {without}"
        )
    return layout


def _check_told(keys: Sequence[str], told: Mapping[str, str | None], path: Path) -> None:
    for setting, key in told.items():
        if key and key not in keys:
            found = ", ".join(keys) or "no array at all"
            raise InputError(f"dataset.source.{setting}={key}: {path} has no such array; expected one of: {found}")


def _name(keys: Sequence[str]) -> str:
    """The settings that name the first array as the images, which it most often is."""
    second = f" dataset.source.train_labels={keys[1]}" if len(keys) > 1 else ""
    return f"Set the keys, such as dataset.source.train_images={keys[0]}{second}" if keys else "Add images"


def _found(keys: Sequence[str]) -> Layout:
    """The layout by usual names; empty where there are no training images under a usual name."""
    if WHOLE[0] in keys:
        return {"train": (WHOLE[0], WHOLE[1] if WHOLE[1] in keys else None)}
    for images, labels in PAIRS:
        layout: Layout = {
            part: (images.format(name), labels.format(name) if labels.format(name) in keys else None)
            for part, names in PARTS.items()
            for name in reversed(names)
            if images.format(name) in keys
        }
        if "train" in layout:
            return layout
    return {}
