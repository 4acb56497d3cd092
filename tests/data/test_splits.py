"""Laws of the splits, whatever the source."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from data_files import Memory, cures_of, dataset, refusal, split

from pipeline.config.build import check_value
from pipeline.data.factors import Factor
from pipeline.data.images import ImageData, Split
from pipeline.data.random_stream import random_order
from pipeline.data.source import Published
from pipeline.data.splits import TestShare as Share
from pipeline.data.splits import at_most, only_classes, set_test_aside
from pipeline.errors import InputError


def rows(part: Split) -> list[bytes]:
    """Each image with its label, to compare as a set; the images of `Memory` are all different."""
    return [image.tobytes() + bytes([label]) for image, label in zip(part.images, part.labels, strict=True)]


@pytest.mark.parametrize(
    ("images", "labels", "factors", "message"),
    [
        (np.zeros((2, 4, 4, 1)), [0, 1], None, r"images are float64 \[2, 4, 4, 1\]; expected uint8 \[number, height"),
        (np.zeros((2, 4, 4), np.uint8), [0, 1], None, r"images are uint8 \[2, 4, 4\]; expected uint8 \[number, height"),
        (np.zeros((2, 4, 4, 1), np.uint8), [0], None, "2 images came with 1 labels; expected one label an image"),
        (
            np.zeros((2, 4, 4, 1), np.uint8),
            [0, 1],
            np.zeros((3, 1), np.int64),
            r"2 images came with factors \[3, 1\]; expected \[number, factors\]",
        ),
    ],
)
def test_a_source_that_gives_something_else_is_told_what_is_expected(images, labels, factors, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Split(images, np.array(labels), factors)


@pytest.mark.parametrize("validation", [0.1, 0.5, 1, 39])
def test_validation_and_train_are_disjoint_and_together_the_published_train(validation: float) -> None:
    data = dataset(validation=validation).load()
    assert sorted(rows(data.train) + rows(data.validation)) == sorted(rows(Memory().train))
    assert rows(data.test) == rows(Memory().test)


def test_validation_is_a_share_or_a_count() -> None:
    assert len(dataset(validation=0.1).load().validation) == 4
    assert len(dataset(validation=7).load().validation) == 7
    assert len(dataset(validation=0.001).load().validation) == 1


def test_validation_may_be_the_test_split() -> None:
    data = dataset(validation="test").load()
    assert data.validation is data.test
    assert rows(data.train) == rows(Memory().train)


def test_all_trains_on_train_and_test_in_this_order() -> None:
    data = dataset(train="all", validation="test").load()
    assert rows(data.train) == rows(Memory().train) + rows(Memory().test)
    assert data.validation is data.test
    assert rows(data.test) == rows(Memory().test)


def test_all_leaves_validation_as_it_is_and_trains_on_none_of_it() -> None:
    usual, everything = (dataset(train=train, validation=0.3).load() for train in ("train", "all"))
    assert rows(everything.validation) == rows(usual.validation)
    assert rows(everything.train) == rows(usual.train) + rows(usual.test)
    assert not set(rows(everything.train)) & set(rows(everything.validation))
    assert everything.fingerprint != usual.fingerprint


def test_all_keeps_classes_and_limit() -> None:
    data = dataset(train="all", validation="test", classes=[1, 2], limit=6).load()
    usual = dataset(validation="test", classes=[1, 2], limit=6).load()
    assert rows(data.train) == rows(usual.train) + rows(usual.test)
    assert len(data.train) == 12


@pytest.mark.parametrize(("binarisation", "tested"), [("fixed", "fixed"), ("each_epoch", "none")])
def test_all_trains_on_the_tested_pixels_unless_training_draws_them(binarisation: str, tested: str) -> None:
    everything = dataset(train="all", validation="test", binarisation=binarisation).load()
    assert rows(everything.train)[40:] == rows(dataset(binarisation=tested).load().test)


def test_that_test_images_are_trained_on_is_said_and_only_then(caplog: pytest.LogCaptureFixture) -> None:
    dataset().load()
    assert not caplog.records
    dataset(train="all").load()
    assert caplog.messages == ["dataset.train=all: the 20 test images are trained on, so that test scores are biased"]


def test_splits_keep_the_published_order() -> None:
    data, published = dataset(validation=0.3).load(), rows(Memory().train)
    for part in (data.train, data.validation):
        positions = [published.index(row) for row in rows(part)]
        assert positions == sorted(positions)


def test_same_seed_same_data_and_another_seed_other_data() -> None:
    prints = [dataset(seed=seed, limit=20).load().fingerprint for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]


def test_seed_moves_the_validation_split() -> None:
    first, second = (rows(dataset(seed=seed, validation=0.5).load().validation) for seed in (0, 1))
    assert set(first) != set(second)


def test_random_orders_are_pinned() -> None:
    """Published numbers hang on these; a change of library must not change them."""
    assert random_order(8, 0, "validation").tolist() == PINNED
    assert random_order(8, 0, "test").tolist() != PINNED


PINNED = [1, 0, 3, 6, 7, 5, 2, 4]


@pytest.mark.parametrize("limit", [1, 7, 19])
def test_limit_holds_for_each_published_split(limit: int) -> None:
    data = dataset(limit=limit, validation="test").load()
    assert len(data.train) == len(data.test) == limit
    assert set(rows(data.train)) < set(rows(Memory().train))


def test_limit_beyond_the_data_changes_nothing() -> None:
    assert dataset(limit=1000).load().fingerprint == dataset().load().fingerprint


def test_a_smaller_limit_is_the_beginning_of_a_larger_one() -> None:
    small, large = (rows(dataset(limit=limit, validation="test").load().train) for limit in (5, 15))
    assert small == large[:5]


def test_limit_and_validation_are_drawn_independently() -> None:
    """Or else the images with the same positions would always be the ones left out."""
    data, limited = dataset(validation=20).load(), dataset(limit=20, validation="test").load()
    assert set(rows(data.validation)) != set(rows(limited.train))


def test_classes_keep_the_published_order_and_are_renumbered() -> None:
    data = dataset(classes=["three", 1]).load()
    assert data.class_names == ("1", "three")
    original = dict(zip(rows_without_label(Memory().train), Memory().train.labels, strict=True))
    for image, label in zip(rows_without_label(data.train), data.train.labels, strict=True):
        assert original[image] == {0: 1, 1: 3}[label]
    assert len(data.train) + len(data.validation) == 20


def rows_without_label(part: Split) -> list[bytes]:
    return [image.tobytes() for image in part.images]


def test_all_classes_is_the_same_as_no_choice() -> None:
    assert dataset(classes=[0, 1, 2, "three"]).load().fingerprint == dataset().load().fingerprint


def test_fingerprint_changes_with_one_pixel_one_label_and_one_name() -> None:
    source = Memory()
    pixel = Memory(train=Split(source.train.images.copy(), source.train.labels))
    pixel.train.images[7, 1, 1, 0] ^= 1
    label = Memory(test=Split(source.test.images, source.test.labels.copy()))
    label.test.labels[3] = 0
    name = Memory(names=("0", "1", "2", "3"))
    prints = {dataset(source=each).load().fingerprint for each in (source, pixel, label, name)}
    assert len(prints) == 4


KNOWN = "8364e23da06bc736a73126cf373bac9da155a7018ec94ef4bb7bbbff1516fa38"


def test_the_fingerprint_of_data_without_factors_is_what_it_was_before_there_were_factors() -> None:
    assert dataset().load().fingerprint == KNOWN


FACTORS = (Factor("position", 60), Factor("kind", 4, ordered=False))


def with_factors(factors: tuple[Factor, ...] = FACTORS, shift: int = 0) -> Memory:
    """The same images; the first factor is the position of the image, the second its class."""
    splits = []
    for each, start in ((split(40), shift), (split(20, seed=1), 40)):
        splits.append(Split(each.images, each.labels, np.stack([start + np.arange(len(each)), each.labels], axis=1)))
    return Memory(*splits, factors=factors)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"limit": 9},
        {"classes": ["three", 1]},
        {"train": "all", "validation": "test"},
        {"binarisation": "fixed"},
        {"binarisation": "each_epoch", "validation": 7},
    ],
)
def test_factors_stay_with_their_images(changes: dict) -> None:
    grey = changes.get("binarisation") != "fixed"
    known = np.concatenate([split(40).images, split(20, seed=1).images])
    data = dataset(source=with_factors(), **changes).load()
    assert data.factors == FACTORS
    for part in (data.train, data.materialised().train, *(() if data.drawn_each_epoch else (data.test,))):
        assert part.factors is not None
        assert part.factors.shape == (len(part), 2)
        if grey:
            np.testing.assert_array_equal(part.images, known[part.factors[:, 0]])
        names = np.array(["0", "1", "2", "three"])[part.factors[:, 1]]
        np.testing.assert_array_equal(np.array(data.class_names)[part.labels], names)


def test_the_fingerprint_tells_factors_and_their_names_apart() -> None:
    renamed = (Factor("place", 60), *FACTORS[1:])
    sources = [Memory(), with_factors(), with_factors(renamed), with_factors(shift=1)]
    assert len({dataset(source=each).load().fingerprint for each in sources}) == 4


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        (FACTORS[:1], "memory, train split: 2 factors of each image; expected 1, one for each factor"),
        ((Factor("position", 9), FACTORS[1]), "31 values of the factor position lie outside its 9, the first is 9"),
    ],
)
def test_values_of_factors_that_the_data_set_does_not_have_are_refused(factors: tuple[Factor, ...], said: str) -> None:
    assert said in refusal(lambda: dataset(source=with_factors(factors)).load())


def test_factors_are_of_every_image() -> None:
    images = np.zeros((3, 4, 4, 1), np.uint8)
    told = refusal(lambda: Split(images, np.zeros(3, int), np.zeros((2, 5), int)))
    assert told == "3 images came with factors [2, 5]; expected [number, factors]"


def test_pixels_stay_uint8_and_labels_int64() -> None:
    data: ImageData = dataset(classes=[0, 2], limit=9).load()
    for part in (data.train, data.validation, data.test):
        assert part.images.dtype == np.uint8
        assert part.labels.dtype == np.int64


def test_a_test_split_is_taken_of_every_class() -> None:
    labels = np.repeat([5, 8, 9], [50, 10, 2])
    train, test = set_test_aside(labels, 0.2, "here")
    assert sorted([*train, *test]) == list(range(62))
    assert np.unique_counts(labels[test]).counts.tolist() == [10, 2, 1]


def test_a_test_split_is_taken_of_all_where_no_class_has_two() -> None:
    train, test = set_test_aside(np.arange(8), 0.2, "here")
    assert sorted([*train, *test]) == list(range(8))
    assert len(test) == 2


@pytest.mark.parametrize("number", [0, 1])
def test_a_test_split_needs_two_images(number: int) -> None:
    text = refusal(lambda: set_test_aside(np.arange(number), 0.2, "here"))
    assert text == f"here: holds {number} images; expected at least one for training and one for the test. Add images"


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_any_share_of_two_images_is_one(share: float) -> None:
    assert [len(part) for part in set_test_aside(np.zeros(2, int), share, "here")] == [1, 1]


def test_an_unknown_class_is_answered_with_the_known_ones() -> None:
    text = refusal(dataset(classes=[0, "3"]).load)
    assert text == "dataset.classes: small has no class '3'; expected some of: 0, 1, 2, three"


def test_a_class_without_images_is_refused() -> None:
    source = Memory(train=split(40, classes=3))
    assert dataset(source=source).load().class_names == Memory().names, "nobody asked for the empty class"
    text = refusal(dataset(source=source, classes=["three", 0]).load)
    assert "the train split of memory holds no image of: three" in text
    assert text.endswith("expected classes with images, which are: 0, 1, 2. Remove the others from dataset.classes")
    assert dataset(source=source, classes=[0, 1, 2]).load().class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    "changes", [{"validation": 40}, {"limit": 1}, {"limit": 3, "validation": 0.9}, {"limit": 2, "validation": 5}]
)
def test_validation_must_leave_something_to_train_on(changes: dict[str, float]) -> None:
    text = refusal(dataset(**changes).load)
    assert text.startswith("dataset.validation=")
    assert "leaves none for training" in text
    [[cure]] = cures_of(text.partition(":")[2])
    assert cure == ("dataset.validation=test" if changes.get("limit") == 1 else "dataset.validation=0.1")
    value = cure.partition("=")[2]
    assert len(dataset(**changes | {"validation": value if value == "test" else float(value)}).load().train) > 0


def test_without_a_word_a_tenth_validates_or_what_the_data_set_brings(caplog: pytest.LogCaptureFixture) -> None:
    assert dataset(validation=None).load().fingerprint == dataset(validation=0.1).load().fingerprint
    source = Validated()
    data = dataset(source=source, validation=None).load()
    assert rows(data.validation) == rows(source.validation)
    assert rows(data.train) == rows(Memory().train)
    everything = dataset(source=source, validation=None, train="all").load()
    assert rows(everything.validation) == rows(source.validation)
    caplog.clear()
    for validation in (0.1, 3, "test"):
        same = dataset(source=source, validation=validation).load()
        assert same.fingerprint == dataset(validation=validation).load().fingerprint, "as before there was such a split"
        assert caplog.messages.pop().startswith(f"dataset.validation={validation}: the 9 validation images of memory ")
        caplog.clear()


@dataclass(frozen=True)
class Validated(Memory):
    """The same with images to validate by."""

    validation: Split = field(default_factory=lambda: split(9, seed=2))

    def read(self, directory: Path | None) -> Published:
        return replace(super().read(directory), validation=self.validation)


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        (
            {"train": Split(np.empty((0, 4, 4, 1), np.uint8), np.empty(0, np.int64))},
            "memory, train split: holds no image",
        ),
        (
            {"test": Split(np.zeros((3, 5, 4, 1), np.uint8), np.zeros(3, np.int64))},
            "training images are 4x4x1, test images 5x4x1",
        ),
        ({"names": ("0", "1", "2")}, "10 labels lie outside the 3 class names, the first is 3; expected 0 to 2"),
        ({"test": Split(np.zeros((3, 4, 4, 1), np.uint8), np.array([0, 0, -1]))}, "the first is -1"),
        (
            {"train": Split(np.zeros((3, 4, 4, 2), np.uint8), np.zeros(3, np.int64))},
            "images are 4x4x2; expected 1 channel",
        ),
    ],
)
def test_what_no_source_may_give(changes: dict[str, object], phrase: str) -> None:
    assert phrase in refusal(lambda: Memory(**changes).read(None))  # type: ignore[arg-type]


@pytest.mark.parametrize(("number", "listed"), [(10, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9. "), (12, "7, 8, 9 and 2 more. ")])
def test_a_message_lists_ten_classes_and_counts_the_others(number: int, listed: str) -> None:
    names = (*(str(each) for each in range(number)), "none")
    with pytest.raises(InputError) as told:
        only_classes(split(number, classes=number), names, ("1", "none"), "mine")
    assert "holds no image of: none; expected" in str(told.value)
    assert listed in str(told.value)


def test_as_many_as_there_are_stay_in_their_order() -> None:
    whole = split(7, classes=2)
    assert at_most(whole, 7, 0, "train") is whole
    assert len(at_most(whole, 6, 0, "train")) == 6


@pytest.mark.parametrize(("share", "tested"), [(0.01, 1), (0.5, 2), (0.99, 3)])
def test_neither_split_is_empty_whatever_the_share(share: float, tested: int) -> None:
    train, test = set_test_aside(np.zeros(4, np.int64), share, "mine")
    assert (len(train), len(test)) == (4 - tested, tested)


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5])
def test_a_share_is_a_part(share: float) -> None:
    with pytest.raises(InputError, match=r"share=.*: expected a number .* than .*, for example share=0\.2$"):
        check_value(share, Share, "share")
