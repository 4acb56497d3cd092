"""Drawn shapes: every combination of the factors once, exactly where and as large as its values say."""

import numpy as np
import pytest
from checkout import SMALL, Checkout
from data_files import loaded, refusal

from pipeline.data.factors import Factor
from pipeline.data.shapes import SHAPES, Shapes
from pipeline.data.source import Published

FEW = {"side": 16, "sizes": 2, "angles": 3, "x": 3, "y": 2, "colours": None, "test": 0.25}


def drawn(**changed) -> tuple[Shapes, np.ndarray, np.ndarray]:
    """A source, and all of its images and values in the order of these."""
    source = Shapes(**FEW | changed)
    published = source.read(None)
    images = np.concatenate([published.train.images, published.test.images])
    values = np.concatenate([published.train.factors, published.test.factors])
    order = np.lexsort(values.T[::-1])
    return source, images[order], values[order]


@pytest.mark.parametrize("colours", [None, 3])
def test_every_combination_is_drawn_once_and_no_two_images_are_the_same(colours: int | None) -> None:
    source, images, values = drawn(colours=colours)
    numbers = [factor.number for factor in source.factors]
    assert numbers == [3, 2, 3, 3, 2, *([3] if colours else [])]
    np.testing.assert_array_equal(values, list(np.ndindex(*numbers)))
    assert images.shape == (np.prod(numbers), 16, 16, 3 if colours else 1)
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_the_images_of_the_default_are_different() -> None:
    data = loaded("shapes")
    images = np.concatenate([split.images for split in data.splits.values()])
    assert len(images) == 3 * 4 * 8 * 8 * 8
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_a_shape_is_where_and_as_large_as_its_values_say() -> None:
    source, images, values = drawn(side=64, sizes=3, x=4, y=3)
    mass = images[..., 0] / 255
    middles = np.arange(64) + 0.5
    covered = mass.sum(axis=(1, 2))
    across = (mass.sum(axis=1) @ middles) / covered
    down = (mass.sum(axis=2) @ middles) / covered
    symmetric = values[:, 0] != list(SHAPES).index("heart")  # whose centre of mass is elsewhere
    np.testing.assert_allclose(across[symmetric], source.centres(4)[values[symmetric, 3]], atol=0.03)
    np.testing.assert_allclose(down[symmetric], source.centres(3)[values[symmetric, 4]], atol=0.03)
    radii = source.radii[values[:, 1]]
    areas = {"rectangle": 1.6, "ellipse": np.pi / 2}
    for name, area in areas.items():
        chosen = values[:, 0] == list(SHAPES).index(name)
        np.testing.assert_allclose(covered[chosen], area * radii[chosen] ** 2, rtol=0.02)


def test_the_long_axis_of_a_shape_lies_at_its_angle() -> None:
    source, images, values = drawn(side=64, angles=5)
    middles = np.arange(64) + 0.5
    for image, value in zip(images[..., 0] / 255, values, strict=True):
        if value[0] == list(SHAPES).index("heart"):
            continue
        down, across = (np.stack(np.meshgrid(middles, middles, indexing="ij")).reshape(2, -1)).tolist()
        spread = np.cov(np.stack([across, down]), aweights=image.reshape(-1))
        angle = 0.5 * np.arctan2(2 * spread[0, 1], spread[0, 0] - spread[1, 1])
        assert angle == pytest.approx(source.turns[value[2]], abs=0.02)


def test_the_angles_are_no_circle() -> None:
    """The first and the last angle differ by a right angle, so that no shape is turned into itself between them."""
    source = Shapes(**FEW)
    assert source.turns[-1] - source.turns[0] == pytest.approx(np.pi / 2)
    _, images, values = drawn(side=32, sizes=1, angles=9, x=1, y=1)
    for shape in range(len(SHAPES)):
        turned = images[values[:, 0] == shape].astype(float)
        far = [np.abs(turned[0] - each).mean() for each in turned]
        assert min(far[5:]) > far[1]


def test_edges_are_smooth_and_nothing_is_cut_off() -> None:
    _, images, _ = drawn(side=32)
    covered = (images / 255).sum(axis=(1, 2, 3)).reshape(3 * 2 * 3, -1)
    np.testing.assert_allclose(covered, covered[:, :1].repeat(6, axis=1), rtol=0.01, err_msg="at each place the same")
    assert images.max() == 255
    assert len(np.unique(images)) > 20


def test_colours_are_those_of_their_hues() -> None:
    _, images, values = drawn(colours=3)
    for colour, brightest in enumerate([[255, 0, 0], [0, 255, 0], [0, 0, 255]]):
        assert images[values[:, 5] == colour].max(axis=(0, 1, 2)).tolist() == brightest


def test_the_class_of_an_image_is_its_shape_and_the_same_images_are_tested_on_every_time() -> None:
    first, second = Shapes(**FEW).read(None), Shapes(**FEW).read(None)
    assert isinstance(first, Published)
    assert first.class_names == ("rectangle", "ellipse", "heart")
    assert first.factors[0] == Factor("shape", 3, ordered=False)
    for part in ("train", "test"):
        np.testing.assert_array_equal(getattr(first, part).images, getattr(second, part).images)
        np.testing.assert_array_equal(getattr(first, part).factors[:, 0], getattr(first, part).labels)
    assert np.bincount(first.test.labels).tolist() == [9, 9, 9]


def test_images_that_would_be_the_same_are_refused() -> None:
    told = refusal(lambda: drawn(side=8, x=60))
    assert "of 2,160 combinations" in told
    assert "look like another in 8x8 pixels; expected images that differ. Raise dataset.source.side" in told


def test_more_images_than_a_machine_holds_are_refused() -> None:
    told = refusal(lambda: drawn(side=512, sizes=100, angles=100))
    assert "3 · 100 · 100 · 3 · 2 combinations are 180,000 images of 512x512x1; expected at most 4 GB" in told


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("source.side=4", "equal to 8, for example dataset.source.side=32"),
        ("source.sizes=0", "greater than 0, for example dataset.source.sizes=10"),
    ],
)
def test_settings_are_checked(setting: str, expected: str) -> None:
    assert expected in refusal(lambda: loaded("shapes", setting))


def test_a_training_on_shapes_tells_their_factors(checkout: Checkout) -> None:
    done = checkout.train("dataset=shapes", *SMALL, "dataset.limit=200", "evaluation=brief")
    assert done.returncode == 0, done.stderr
    assert "known factors, with the number of values: shape (3), size (4), angle (8), x (8), y (8)" in done.stdout
