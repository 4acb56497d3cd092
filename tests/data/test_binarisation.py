"""Black-and-white images: drawn with the grey value as probability, and the same ones for equal seeds."""

from itertools import combinations

import numpy as np
import pytest
from data_files import Memory, dataset, pixels

from pipeline.data.binarisation import binarised
from pipeline.data.images import ImageData, Split
from pipeline.data.source import Published

PARTS = ("train", "validation", "test")
GREYS = (0, 1, 64, 128, 254, 255)
DRAWS = 40_000


def of(binarisation: str, **changes: object) -> ImageData:
    return dataset(binarisation=binarisation, **changes).load()


@pytest.fixture(scope="module")
def flat() -> Published:
    """Images of one grey value each, so that the mean of what is drawn is known."""
    greys = np.array(GREYS, np.uint8)[:, None, None, None]
    split = Split(np.broadcast_to(greys, (len(GREYS), 200, DRAWS // 200, 1)).copy(), np.arange(len(GREYS)))
    return Published(split, split, tuple(map(str, GREYS)), "here")


def test_a_grey_value_is_the_probability_of_white(flat: Published) -> None:
    for split in (binarised(flat, 0).train, binarised(flat, 3).test):
        assert set(np.unique(split.images)) == {0, 255}
        probability = np.array(GREYS) / 255
        error = np.sqrt(probability * (1 - probability) / DRAWS)
        found = (split.images == 255).mean(axis=(1, 2, 3))
        assert (np.abs(found - probability) <= 4 * error).all(), "black stays black and white white: no error there"


def test_pixels_channels_and_splits_are_drawn_independently() -> None:
    grey = Split(np.full((2, 100, 100, 3), 128, np.uint8), np.zeros(2, np.int64))
    drawn = binarised(Published(grey, grey, ("grey",), "here"), 0)
    whites = np.concatenate([drawn.train.images, drawn.test.images]) == 255
    layers = whites.transpose(0, 3, 1, 2).reshape(12, -1)
    for layer, other in combinations(layers, 2):
        assert abs((layer == other).mean() - 0.5) < 4 * 0.5 / 100
    assert abs((whites[0, 1:, :, 0] == whites[0, :-1, :, 0]).mean() - 0.5) < 4 * 0.5 / 99


def test_drawn_pixels_are_pinned() -> None:
    """Published numbers hang on these; a change of library must not change them."""
    assert (binarised(Memory().read(None), 0).train.images[0, ..., 0] == 255).astype(int).tolist() == PINNED


PINNED = [[0, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]]


def test_fixed_is_the_same_at_every_call_and_another_with_another_seed() -> None:
    prints = [of("fixed", seed=seed, validation="test").fingerprint for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("mode", ["fixed", "each_epoch"])
def test_only_pixels_change(mode: str) -> None:
    grey, drawn = of("none"), of(mode)
    assert drawn.class_names == grey.class_names
    for part in PARTS:
        before, after = getattr(grey, part), getattr(drawn, part)
        np.testing.assert_array_equal(after.labels, before.labels)
        assert after.images.dtype == np.uint8
        assert after.images.shape == before.images.shape
        assert after.images[before.images == 255].min(initial=255) == 255
        assert after.images[before.images == 0].max(initial=0) == 0


def test_each_epoch_keeps_what_is_trained_on_grey_and_scores_on_the_fixed_images() -> None:
    grey, fixed, each = of("none"), of("fixed"), of("each_epoch")
    np.testing.assert_array_equal(each.train.images, grey.train.images)
    for part in ("validation", "test"):
        np.testing.assert_array_equal(getattr(each, part).images, getattr(fixed, part).images)
        assert set(np.unique(getattr(each, part).images)) == {0, 255}
    assert [data.drawn_each_epoch for data in (grey, fixed, each)] == [False, False, True]


def test_each_mode_has_a_fingerprint_of_its_own_even_where_every_pixel_agrees() -> None:
    assert len({of(mode).fingerprint for mode in ("none", "fixed", "each_epoch")}) == 3
    white = Memory(*(Split(pixels(20, 4, 4, 1) // 128 * 255, np.zeros(20, np.int64)) for _ in range(2)))
    none, fixed, each = (of(mode, source=white) for mode in ("none", "fixed", "each_epoch"))
    assert none.fingerprint == fixed.fingerprint, "black-and-white images cannot change: these are the same data"
    assert each.fingerprint != fixed.fingerprint


def test_an_image_keeps_its_pixels_whatever_else_is_chosen() -> None:
    """Labels tell the images apart: each has a class of its own."""
    grey = Split(pixels(30, 6, 5, 3), np.arange(30))
    source = Memory(grey, grey, tuple(map(str, range(30))))
    whole = of("fixed", source=source, validation="test").train
    for chosen in ({"limit": 9}, {"validation": 12}, {"limit": 20, "validation": 0.5}):
        data = of("fixed", source=source, **chosen)
        for part in (data.train, data.validation):
            np.testing.assert_array_equal(part.images, whole.images[part.labels])
    some = of("fixed", source=source, validation="test", classes=[4, 17]).train
    np.testing.assert_array_equal(some.images, whole.images[[4, 17]])


@pytest.mark.parametrize("mode", ["fixed", "each_epoch"])
def test_validation_may_be_the_test_split_in_every_mode(mode: str) -> None:
    data = of(mode, validation="test")
    assert data.validation is data.test
