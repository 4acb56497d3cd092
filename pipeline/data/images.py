"""Labelled images in memory, and the three splits that an experiment uses."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.errors import InputError


@dataclass(frozen=True)
class Split:
    """Images, each with a label.

    Attributes:
        images: uint8 [N, H, W, C], where 0 is black. They stay uint8 in memory and become float in the batch.
        labels: int64 [N], indices into the class names. They are used by pictures and evaluation, never by training.

    Raises:
        InputError: arrays of another type, shape or length.
    """

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise InputError(
                f"images are {self.images.dtype} {list(self.images.shape)}; "
                "expected uint8 [number, height, width, channels]"
            )
        if len(self.images) != len(self.labels):
            raise InputError(
                f"{len(self.images)} images came with {len(self.labels)} labels; expected one label an image"
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: np.ndarray) -> "Split":
        """The images at the positions `indices`, int [n], or where a mask, bool [N], is true, in this order."""
        return Split(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class ImageData:
    """A data set in three splits: for training, for choosing among models, and for the final evaluation.

    Attributes:
        name: of the data set, as in `dataset=mnist`.
        train, validation, test: splits that are pairwise disjoint, with two exceptions: with `dataset.validation=test`
            validation is the test split, and with `dataset.train=all` the test images are also in train, at its end.
        class_names: the name of the class of each label.
        drawn_each_epoch: whether training binarises the images of train anew in every epoch; train itself is grey.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    drawn_each_epoch: bool = False

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every pixel, label, shape, class name and `drawn_each_epoch`: equal exactly when these are."""
        digest = hashlib.sha256(repr((self.class_names, self.image_shape)).encode())
        for split in (self.train, self.validation, self.test):
            digest.update(repr(split.images.shape).encode())
            digest.update(np.ascontiguousarray(split.images).data)
            digest.update(np.ascontiguousarray(split.labels, dtype="<i8").data)
        if self.drawn_each_epoch:
            digest.update(b"drawn each epoch")
        return digest.hexdigest()
