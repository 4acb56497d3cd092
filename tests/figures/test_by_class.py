"""Figures of a conditional model: each image stands in the row and column of its class, pixel for pixel."""

import numpy as np
import pytest
from figure_parts import find, noise, texts

from pipeline import figures
from pipeline.figures.kit.canvas import rendered
from pipeline.figures.kit.style import PAPER

NAMES = ["cat", "dog", "猫"]


def places(images: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Top and left of each of the images [A, B, H, W, C] in a picture, [A, B, 2]."""
    return np.array([[find(image, picture)[:2] for image in row] for row in images])


def test_a_class_is_a_row_and_its_samples_follow_each_other(random):
    prior, fitted = noise(random, 3, 4, 8, 8, 1), noise(random, 3, 4, 8, 8, 1)
    figure = figures.samples_by_class(prior, fitted, NAMES)
    picture = rendered(figure)
    left, right = places(prior, picture), places(fitted, picture)
    assert (np.diff(left[..., 0], axis=0) > 0).all()
    assert (np.diff(left[..., 1], axis=1) > 0).all()
    assert (left[..., 0] == left[:, :1, 0]).all()
    np.testing.assert_array_equal(left[..., 0], right[..., 0])
    assert right[..., 1].min() > left[..., 1].max()
    assert {"cat", "dog", "from the prior"} <= set(texts(figure))
    with pytest.raises(ValueError, match=r"images have shape \[2, 4\].*expected \[3, 4\]"):
        figures.class_rows({"": prior[:2]}, NAMES, "Samples")


def test_a_swapped_image_stands_under_the_name_of_its_class_and_its_own_is_framed(random):
    images, decoded = noise(random, 2, 28, 28, 1), noise(random, 2, 3, 28, 28, 1)
    unframed = figures.class_swap(images, decoded, [-1, -1], NAMES)
    found = places(np.concatenate([images[:, None], decoded], axis=1), rendered(unframed))
    assert (np.diff(found[..., 1], axis=1) > 0).all()
    assert (found[..., 0] == found[:, :1, 0]).all()
    [axes] = figures.class_swap(images, decoded, [2, -1], NAMES).axes
    named = {label.get_text(): label.get_position()[0] for label in axes.get_xticklabels()}
    assert named["image"] < named["cat"] < named["dog"]
    [frame] = axes.patches
    width = frame.get_width()
    assert frame.get_x() == pytest.approx(named["dog"] + (named["dog"] - named["cat"]) - width / 2, abs=2)
    assert frame.get_y() == -0.5


def test_the_plane_of_each_class_is_named_and_a_large_one_is_thinned(random):
    count = 12
    images = noise(random, 3, count, count, 6, 6, 1)
    values = np.arange(count)
    planes = [
        figures.DecodedPlane(each, values, values, class_name=name) for each, name in zip(images, NAMES, strict=True)
    ]
    figure = figures.class_planes(planes)
    picture = rendered(figure)
    assert [axes.get_title(loc="left") for axes in figure.axes][:2] == ["cat", "dog"]
    kept = places(images[0, ::2, ::2], picture)
    assert (np.diff(kept[..., 0], axis=0) < 0).all(), "y upwards"
    with pytest.raises(AssertionError, match="does not contain"):
        find(images[0, 1, 1], picture)
    assert figures.decoded_plane(planes[1]).axes[0].get_title(loc="left") == "Decoded plane as class dog"


def test_cards_of_classes_are_square_and_hold_what_they_say(random):
    rows = noise(random, 3, 10, 8, 8, 1)
    card = figures.rows_card(rows)
    assert card.shape == (len(card), len(card), 3)
    found = places(rows[:, :2], card)
    assert (np.diff(found[..., 0], axis=0) > 0).all()
    values = np.arange(3)
    planes = [figures.DecodedPlane(noise(random, 3, 3, 8, 8, 1), values, values) for _ in range(4)]
    mosaic = figures.planes_card(planes)
    assert mosaic.shape == (len(mosaic), len(mosaic), 3)
    corners = [find(plane.images[-1, 0], mosaic)[:2] for plane in planes]
    assert corners == sorted(corners)
    assert (mosaic == PAPER).all(-1).any()


def test_large_images_are_fewer_on_a_card(random):
    assert len(figures.rows_card(noise(random, 20, 10, 178, 218, 3))) <= 1024
