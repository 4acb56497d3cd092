"""The settings of `dataset`: which images, how many of them, and how they are divided."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pipeline.data.binarisation import Binarisation, binarised
from pipeline.data.images import ImageData, Split
from pipeline.data.names import NamesOrNone
from pipeline.data.source import Published, Source, shape_text
from pipeline.data.splits import at_most, joined, only_classes, set_validation_aside
from pipeline.errors import InputError
from pipeline.settings import Count, Seed

log = logging.getLogger(__name__)


def _as_directory(value: Any) -> Any:
    if value is None or value == "":  # an environment variable set to nothing means: not set
        return None
    if isinstance(value, bool | float) or not isinstance(value, str | int | Path):
        raise ValueError("a folder, or null")
    return Path(str(value)).expanduser()


def _as_validation(value: Any) -> Any:
    is_share = isinstance(value, float) and 0 < value < 1
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if not (is_share or is_count or value == "test"):
        raise ValueError("a share between 0 and 1, a number of images, or the word test")
    return value


def _as_source(value: Any) -> Any:
    if isinstance(value, type) or not isinstance(value, Source):
        raise ValueError("a node with the _target_ of a source of images, such as pipeline.data.idx.Idx")
    return value


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Images to experiment on.

    Attributes:
        name: how runs and pictures call the data set.
        source: reads it as published.
        dir: where its files are; what null means is up to the source.
        limit: at most so many images of each published split, drawn at random; null for all.
        classes: the classes to keep; null for all.
        train: the published training images, or `all`: then the test images are trained on too, as some published
            programs do, and test metrics say nothing about unseen images.
        validation: a share of the published training images, a number of them, or `test` for the test split itself.
        binarisation: `fixed` draws each pixel once, black or white, with its grey value as the probability of white;
            `each_epoch` does so for validation and test, and draws the training images in every epoch anew, by the
            seed of training; `none` keeps grey.
        seed: of limit, validation and binarisation. Not the seed of training, so that replicates share their splits.
    """

    name: str
    source: Annotated[Source, BeforeValidator(_as_source)]
    dir: Annotated[Path | None, BeforeValidator(_as_directory), Field(examples=["/path/to/data"])]
    limit: Count | None
    classes: NamesOrNone
    train: Annotated[Literal["train", "all"], Field(examples=["train"])]
    validation: Annotated[float | int | Literal["test"], BeforeValidator(_as_validation), Field(examples=[0.1])]
    binarisation: Binarisation
    seed: Seed

    def load(self) -> ImageData:
        """The three splits; labels are numbered in the order of the class names that are left.

        Raises:
            InputError: files are missing or damaged, or the settings leave a split or a class without an image.
        """
        published = self.source.read(self.dir)
        names = self._kept(published.class_names)
        drawn = published if self.binarisation == "none" else binarised(published, self.seed)
        train, validation, test = self._splits(drawn, names)
        each_epoch = self.binarisation == "each_epoch"
        if each_epoch:
            train, *_ = self._splits(published, names)
        log.info(
            f"{self.name}: {len(train):,} images to train on, {len(validation):,} to validate, {len(test):,} to test, "
            f"{shape_text(train.images)}, from {published.origin}"
        )
        if self.train == "all":
            log.warning(f"dataset.train=all: the {len(test):,} test images are also trained on; do not judge by them")
        return ImageData(self.name, train, validation, test, names, drawn_each_epoch=each_epoch)

    def _kept(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The class names that are left, in the published order whatever the order of `classes`."""
        if self.classes is None:
            return names
        unknown = [name for name in self.classes if name not in names]
        if unknown:
            raise InputError(f"dataset.classes: {self.name} has no class {unknown[0]!r}. It has: {', '.join(names)}")
        return tuple(name for name in names if name in self.classes)

    def _splits(self, published: Published, names: tuple[str, ...]) -> tuple[Split, Split, Split]:
        """What is trained on, validated and tested."""
        train, test = (self._part(part, published, names) for part in ("train", "test"))
        if self.validation == "test":
            validation = test
        else:
            train, validation = set_validation_aside(train, self.validation, self.seed)
        return joined(train, test) if self.train == "all" else train, validation, test

    def _part(self, part: Literal["train", "test"], published: Published, names: tuple[str, ...]) -> Split:
        split: Split = getattr(published, part)
        if self.classes is not None:
            split = only_classes(split, published.class_names, names, f"the {part} split of {published.origin}")
        return at_most(split, self.limit, self.seed, part)
