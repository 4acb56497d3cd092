"""Labelled images, in memory or mapped from a file, and the three splits that an experiment uses."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pipeline.data.factors import Factor
from pipeline.data.image_rows import ImageRows
from pipeline.errors import InputError


class Split:
    """Images, each with a label.

    Args:
        images: uint8 [N, H, W, C], where 0 is black, or rows of such an array. They stay uint8 and become float in the
            batch.
        labels: int64 [N], indices into the class names. They are used by pictures and evaluation; by training only
            where the model is conditional.
        factors: int64 [N, F], the value of each factor of variation, used by pictures and evaluation alone; None where
            they are not known.

    Attributes:
        rows: the images, for those who look at a few at a time.
        labels, factors: as given.

    Raises:
        InputError: arrays of another type, shape or length.
    """

    def __init__(self, images: np.ndarray | ImageRows, labels: np.ndarray, factors: np.ndarray | None = None) -> None:
        self.rows = images if isinstance(images, ImageRows) else ImageRows(images)
        self.labels = labels
        self.factors = factors
        stored = self.rows.stored
        if stored.dtype != np.uint8 or stored.ndim != 4:
            raise InputError(
                f"images are {stored.dtype} {list(stored.shape)}; expected uint8 [number, height, width, channels]"
            )
        if len(self.rows) != len(labels):
            raise InputError(f"{len(self.rows)} images came with {len(labels)} labels; expected one label an image")
        if factors is not None and (factors.ndim != 2 or len(factors) != len(labels)):
            raise InputError(
                f"{len(self.rows)} images came with factors {list(factors.shape)}; expected [number, factors]"
            )

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def images(self) -> np.ndarray:
        """All images, uint8 [N, H, W, C]; those taken from another split are copied when they are first asked for."""
        return self.rows.whole()

    @property
    def is_mapped(self) -> bool:
        """Whether the images are mapped from a file, so that they are no memory of this process alone."""
        return isinstance(self.rows.stored, np.memmap)

    def take(self, indices: np.ndarray) -> "Split":
        """The images at the positions `indices`, int [n], or where a mask, bool [N], is true, in this order."""
        factors = None if self.factors is None else self.factors[indices]
        return Split(self.rows.take(indices), self.labels[indices], factors)

    def with_images(self, images: np.ndarray) -> "Split":
        """Other images, uint8 [N, H, W, C], in the places of these, with the same labels and factors."""
        return Split(images, self.labels, self.factors)

    def materialised(self) -> "Split":
        """The same images in an array of their own, so that others that they were taken from need not be kept."""
        return self if self.rows.positions is None else self.with_images(self.images)


@dataclass(frozen=True)
class ImageData:
    """A data set in three splits: for training, for choosing among models, and for the final evaluation.

    Attributes:
        name: of the data set, as in `dataset=mnist`.
        train, validation, test: splits that are pairwise disjoint, with two exceptions: with `dataset.validation=test`
            validation is the test split, and with `dataset.train=all` the test images are also in train, at its end.
        class_names: the name of the class of each label.
        factors: the factors of variation whose values the splits have; none where they are not known.
        drawn_each_epoch: whether training binarises the images of train anew in every epoch; train itself is grey.
        known_fingerprint: the fingerprint, where it need not be computed.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    factors: tuple[Factor, ...] = ()
    drawn_each_epoch: bool = False
    known_fingerprint: str | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        _, height, width, channels = self.train.rows.shape
        return height, width, channels

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def nbytes(self) -> int:
        """The bytes of the images of all splits, those of validation once where they are those of test."""
        return sum(split.rows.nbytes for split in {id(split): split for split in self.splits.values()}.values())

    def materialised(self) -> "ImageData":
        """The same data with each split in arrays of its own."""
        settled = {id(split): split.materialised() for split in self.splits.values()}  # validation may be test
        return replace(self, **{name: settled[id(split)] for name, split in self.splits.items()})  # type: ignore[arg-type]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every pixel, label, shape, class name, factor and `drawn_each_epoch`: equal when these are."""
        if self.known_fingerprint:
            return self.known_fingerprint
        digest = hashlib.sha256(repr((self.class_names, self.image_shape)).encode())
        for split in self.splits.values():
            digest.update(repr(split.rows.shape).encode())
            for _, images in split.rows.chunks():
                digest.update(np.ascontiguousarray(images).data)
            digest.update(np.ascontiguousarray(split.labels, dtype="<i8").data)
            if split.factors is not None:
                digest.update(np.ascontiguousarray(split.factors, dtype="<i8").data)
        if self.factors:
            digest.update(repr([(each.name, each.number, each.ordered) for each in self.factors]).encode())
        if self.drawn_each_epoch:
            digest.update(b"drawn each epoch")
        return digest.hexdigest()
