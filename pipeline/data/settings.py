"""The settings of a data set: which images, how many of them, and how they are divided."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pipeline.config.values import Count, Seed
from pipeline.data.appearance import Appearance
from pipeline.data.binarisation import Binarisation, binarised
from pipeline.data.cache_key import cache_key
from pipeline.data.class_names import NamesOrNone, printable
from pipeline.data.factors import factors_text
from pipeline.data.image_cache import cached
from pipeline.data.images import ImageData, Split
from pipeline.data.loaded_data import LoadedData, Remarks
from pipeline.data.source import Part, Published, SlowSource, Source, shape_text
from pipeline.data.splits import at_most, joined, only_classes, set_validation_aside
from pipeline.errors import InputError

VALIDATION_SHARE = 0.1
"""Share of the training images that become the validation split, where neither the user nor the data set chooses it."""


def _as_directory(value: Any) -> Any:
    if value is None or value == "":  # an environment variable set to nothing means: not set
        return None
    if isinstance(value, bool | float) or not isinstance(value, str | int | Path):
        raise ValueError("a folder, or null")
    return Path(str(value)).expanduser()


def _as_validation(value: Any) -> Any:
    is_share = isinstance(value, float) and 0 < value < 1
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if not (is_share or is_count or value == "test" or value is None):
        raise ValueError("a share between 0 and 1, a number of images, the word test, or null")
    return value


def _as_source(value: Any) -> Any:
    if isinstance(value, type) or not isinstance(value, Source):
        raise ValueError("a node with the _target_ of a source of images, such as pipeline.data.idx.Idx")
    return value


@dataclass(frozen=True, kw_only=True)
class DatasetSettings:
    """Settings of a data set, by which it is loaded and divided.

    Attributes:
        name: of the data set, in runs and pictures.
        source: reads the data set as published.
        dir: the folder of its files; the source decides what null means.
        limit: at most so many images of each published split, drawn at random; null for all.
        classes: the classes to keep; null for all.
        train: the published training images, or `all`: then the test images are trained on too, as some published
            programs do, and test metrics say nothing about unseen images.
        validation: a share of the published training images, a number of them, or `test` for the test split itself;
            null for the published validation images or, where there are none, a tenth of the training images.
        binarisation: `fixed` draws each pixel once, black or white, with its grey value as the probability of white;
            `each_epoch` does so for validation and test, and draws the training images in every epoch anew, by the
            seed of training; `none` keeps grey.
        seed: of limit, validation and binarisation. It is not the seed of training, so that replicates share splits.
    """

    name: str
    source: Annotated[Source, BeforeValidator(_as_source)]
    dir: Annotated[Path | None, BeforeValidator(_as_directory), Field(examples=["/path/to/data"])]
    limit: Count | None
    classes: NamesOrNone
    train: Annotated[Literal["train", "all"], Field(examples=["train"])]
    validation: Annotated[float | int | Literal["test"] | None, BeforeValidator(_as_validation), Field(examples=[0.1])]
    binarisation: Binarisation
    seed: Seed

    def load(self, *, judge_appearance: bool = True) -> ImageData:
        """The three splits; labels are numbered in the order of the class names that are kept.

        Images whose reading takes long are kept in the cache of this machine, from which they are mapped later.

        Args:
            judge_appearance: refuse images without content; not for images that a model was trained on before.

        Raises:
            InputError: files are missing or damaged, the images have no content, or the settings leave a split or a
                class without an image.
        """
        files = self.source.files(self.dir) if isinstance(self.source, SlowSource) else ()
        key = cache_key(self, self.source, files) if files else None
        return cached(key, self.name, lambda: self._read(judge_appearance), judge_appearance=judge_appearance)

    def _read(self, judge_appearance: bool) -> LoadedData:
        """The three splits as they are read, whose images may be all over larger arrays."""
        read = self.source.read(self.dir)
        published = replace(read, class_names=printable(read.class_names), origin=printable([read.origin])[0])
        remarks = self._look_at(published, judge_appearance)
        names = self._kept(published.class_names)
        drawn = published if self.binarisation == "none" else binarised(published, self.seed)
        train, validation, test = self._splits(drawn, names)
        each_epoch = self.binarisation == "each_epoch"
        if each_epoch:
            train, *_ = self._splits(published, names)
        remarks.info(
            f"{self.name}: {len(train):,} images to train on, {len(validation):,} to validate, {len(test):,} to test, "
            f"{shape_text(train.rows)}, from {published.origin}"
        )
        if self.train == "all":
            remarks.warning(
                f"dataset.train=all: the {len(test):,} test images are trained on, so that test scores are biased"
            )
        if published.factors:
            remarks.info(f"{self.name}: known factors, with the number of values: {factors_text(published.factors)}")
        data = ImageData(self.name, train, validation, test, names, published.factors, drawn_each_epoch=each_epoch)
        return LoadedData(data, remarks)

    def _look_at(self, published: Published, judge_appearance: bool) -> Remarks:
        """Log what the images look like; refuse images without content."""
        appearance = Appearance.of(published)
        refusal = f"{published.origin}: {appearance.refusal}" if appearance.refusal else None
        if refusal and judge_appearance:
            raise InputError(refusal)
        remarks = Remarks(refusal=refusal)
        remarks.info(f"{self.name}: {appearance.line}")
        for warning in appearance.warnings:
            remarks.warning(f"{self.name}: {warning}")
        if published.validation and self.validation is not None:
            remarks.warning(
                f"dataset.validation={self.validation}: the {len(published.validation):,} validation images of "
                f"{published.origin} are not used. To use them, set dataset.validation=null"
            )
        return remarks

    def _kept(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The class names that are kept, in the published order whatever the order of `classes`."""
        if self.classes is None:
            return names
        unknown = [name for name in self.classes if name not in names]
        if unknown:
            raise InputError(
                f"dataset.classes: {self.name} has no class {unknown[0]!r}; expected some of: {', '.join(names)}"
            )
        return tuple(name for name in names if name in self.classes)

    def _splits(self, published: Published, names: tuple[str, ...]) -> tuple[Split, Split, Split]:
        """The splits for training, validation and test."""
        parts = {part: self._part(part, split, published, names) for part, split in published.splits.items()}
        train = parts["train"]
        test = parts["test"]
        if self.validation == "test":
            validation = test
        elif self.validation is None and "validation" in parts:
            validation = parts["validation"]
        else:
            train, validation = set_validation_aside(train, self.validation or VALIDATION_SHARE, self.seed)
        return joined(train, test) if self.train == "all" else train, validation, test

    def _part(self, part: Part, split: Split, published: Published, names: tuple[str, ...]) -> Split:
        """A published split, reduced to the classes and the limit of the settings."""
        if self.classes is not None:
            split = only_classes(split, published.class_names, names, f"the {part} split of {published.origin}")
        return at_most(split, self.limit, self.seed, part)
