"""Which arrays of an `.npz` file are what."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.data.source import Part
from pipeline.errors import InputError

PAIRS = (("x_{}", "y_{}"), ("X_{}", "y_{}"), ("{}_images", "{}_labels"), ("images_{}", "labels_{}"))
"""How programs call the images and the labels of a split."""

PARTS: Mapping[Part, Sequence[str]] = {
    "train": ("train",),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test",),
}

WHOLE = ("images", "labels")
"""Images that nobody has divided."""

Layout = dict[Part, tuple[str, str | None]]
"""The keys of images and labels of each split that there is."""


def layout_of(keys: Sequence[str], told: Mapping[str, str | None], path: Path) -> Layout:
    """The arrays of the splits.

    Args:
        keys: of the file.
        told: the settings `train_images`, `train_labels` and so on; None for what is to be found.
        path: of the file, for messages.

    Raises:
        InputError: there are no images to train on, or labels of some splits only.
    """
    _check_told(keys, told, path)
    found = {} if told["train_images"] else _found(keys)
    layout: Layout = {}
    for part in PARTS:
        images, labels = found.get(part, (None, None))
        images, labels = told[f"{part}_images"] or images, told[f"{part}_labels"] or labels
        if images:
            layout[part] = images, labels
    if "train" not in layout:
        raise InputError(
            f"{path}: has {', '.join(keys) or 'nothing in it'}; expected x_train, y_train, x_test, y_test as Keras "
            f"writes them, or images and, if there are any, labels. {_name(keys)}"
        )
    used = [images for images, _ in layout.values()]
    if len(set(used)) < len(used):
        raise InputError(f"{path}: {max(used, key=used.count)} is named for two splits; expected an array for each")
    unlabelled = [images for images, labels in layout.values() if not labels]
    if len(unlabelled) not in (0, len(layout)):
        without = " ".join(f"dataset.source.{part}_images={images}" for part, (images, _) in layout.items())
        raise InputError(
            f"{path}: has {', '.join(keys)}, so {unlabelled[0]} has no labels and others have; expected labels of all "
            f"or of none. Without labels: {without}"
        )
    return layout


def _check_told(keys: Sequence[str], told: Mapping[str, str | None], path: Path) -> None:
    for setting, key in told.items():
        if key and key not in keys:
            raise InputError(f"dataset.source.{setting}={key}: {path} has {', '.join(keys) or 'nothing in it'}")


def _name(keys: Sequence[str]) -> str:
    """How to name the first array, which most often is that of the images."""
    second = f", dataset.source.train_labels={keys[1]}" if len(keys) > 1 else ""
    return f"Name them, such as dataset.source.train_images={keys[0]}{second}" if keys else "Add images"


def _found(keys: Sequence[str]) -> Layout:
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
