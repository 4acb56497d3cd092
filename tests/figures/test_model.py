"""Laws of the pictures of one model: what is drawn is what was given, where it was promised, under its own name."""

import numpy as np
import pytest
from figure_parts import DIGITS, LETTERS, SHAPES, find, noise, png, texts
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch

from pipeline import figures
from pipeline.figures.images.captioned import LINES, captioned
from pipeline.figures.images.sheets import DENSITIES
from pipeline.figures.kit.canvas import rendered
from pipeline.figures.latent.scatter_and_plane import PLANE_HEADING, POINTS_HEADING
from pipeline.latent.axes import even, quantiles

FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
SPACINGS = {
    "quantiles 15": (quantiles(15), quantiles(15)),
    "quantiles 30": (quantiles(30), quantiles(30)),
    "even": (even(-2, 2, 15), even(-1, 3, 15)),
    "beyond": (even(-9, 12, 6), even(4, 7, 3)),
}


def place_of(axes: Axes) -> tuple[int, int, int, int]:
    """Left, top, width and height of the axes in pixels of the picture."""
    box, height = axes.get_window_extent(), axes.figure.bbox.height
    return round(box.x0), round(height - box.y1), round(box.width), round(box.height)


def crosses_on(axes: Axes) -> np.ndarray:
    (line,) = (line for line in axes.lines if line.get_marker() == "+")
    return line.get_xydata()


def panels(
    random, x, y, shape=(8, 8, 1), names=DIGITS, explained=None, **more
) -> tuple[Figure, np.ndarray, np.ndarray]:
    decoded, points = noise(random, len(y), len(x), *shape), random.normal(size=(200, 2))
    labels = random.integers(0, len(names), 200)
    return (
        figures.scatter_and_plane(
            figures.DecodedPlane(decoded, x, y, explained),
            figures.LabelledPoints(points, labels, names, explained),
            **more,
        ),
        decoded,
        points,
    )


def inside_its_figure(figure: Figure) -> bool:
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    return box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height


def ink(figure: Figure, words: set[str]) -> list:
    """The boxes in which these words stand, in pixels."""
    renderer = figure.canvas.get_renderer()
    found = figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_text() in words)
    return [artist.get_window_extent(renderer) for artist in found]


# Images with captions


@pytest.mark.parametrize("shape", SHAPES)
def test_each_of_the_first_images_has_its_class_under_it(random, shape):
    images = noise(random, 5, *shape)
    figure = figures.first_images(images, [3, 1, 0, 9, 5], FASHION)
    pixels = rendered(figure)
    places = [find(image, pixels) for image in images]
    assert [place[:2] for place in places] == sorted(place[:2] for place in places)
    for image, label, (top, left, factor) in zip(images, [3, 1, 0, 9, 5], places, strict=True):
        below, middle = top + len(image) * factor, left + image.shape[1] * factor / 2
        boxes = ink(figure, {FASHION[label]})
        under = [box for box in boxes if abs((box.x0 + box.x1) / 2 - middle) < 3]
        assert any(below <= len(pixels) - box.y1 < below + 12 for box in under)


def test_captions_never_touch_and_long_ones_are_wrapped_and_cut(random):
    captions = ["a rather long name of a class", "another long name of it", "x", "word " * 60]
    figure = captioned(noise(random, 4, 8, 8, 1), captions, "Title")
    drawn = [text for text in texts(figure) if text and text != "Title"]
    boxes = ink(figure, set(drawn))
    assert len(boxes) == 4
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:index])
    assert max(text.count("\n") for text in drawn) == LINES - 1
    assert [text.endswith("…") for text in drawn] == [False, False, False, True]
    assert inside_its_figure(figure)


def test_every_image_wants_its_caption(random):
    with pytest.raises(ValueError, match="2 captions for 3 images"):
        captioned(noise(random, 3, 8, 8, 1), ["a", "b"], "Title")


def test_decoded_points_name_their_coordinates(random):
    images = noise(random, 4, 8, 8, 3)
    figure = figures.decoded_latents(images, np.array([[0, 2.5], [-0.0001, -1], [0.12345, 10], [1000, 3]], np.float32))
    assert {"(0, 2.5)", "(0, −1)", "(0.123, 10)", "(1000, 3)"} <= set(texts(figure))
    places = [find(image, rendered(figure))[:2] for image in images]
    assert places == sorted(places)


def test_decoded_points_of_many_dimensions_stay_readable(random):
    figure = figures.decoded_latents(noise(random, 3, 28, 28, 1), random.normal(size=(3, 16)))
    assert inside_its_figure(figure)
    (first, *_) = [text for text in texts(figure) if text.startswith("(")]
    assert first.replace("\n", " ").count(",") == 15
    assert first.endswith(")")


# Interpolations


@pytest.mark.parametrize("shape", SHAPES)
def test_interpolations_stand_between_their_two_images(random, shape):
    first, last, decoded = noise(random, 2, *shape), noise(random, 2, *shape), noise(random, 2, 3, *shape)
    pixels = rendered(figures.interpolations(first, last, decoded))
    for row in range(2):
        line = [find(tile, pixels) for tile in (first[row], *decoded[row], last[row])]
        tops, lefts, factors = zip(*line, strict=True)
        assert len(set(tops)) == len(set(factors)) == 1
        steps, wide = np.diff(lefts), shape[1] * factors[0]
        assert (steps[1:-1] == wide).all()
        assert (steps[[0, -1]] > wide + 20).all()  # the originals stand apart
    assert find(first[0], pixels)[0] < find(first[1], pixels)[0]


def test_interpolations_name_the_originals_and_the_way(random):
    tiles = noise(random, 1, 28, 28, 1)
    (axes,) = figures.interpolations(tiles, tiles + 1, noise(random, 1, 5, 28, 28, 1)).axes
    named = dict(zip([text.get_text() for text in axes.get_xticklabels()], axes.get_xticks(), strict=True))
    assert sorted(named, key=named.get) == ["first\nimage", "0%", "25%", "50%", "75%", "100%", "second\nimage"]
    assert "posterior means" in axes.get_xlabel()


def test_interpolations_refuse_other_shapes(random):
    with pytest.raises(ValueError, match=r"\[3, 5, 8, 8, 1\]; expected \[2, steps, 8, 8, 1\]"):
        figures.interpolations(*2 * (np.zeros((2, 8, 8, 1)),), np.zeros((3, 5, 8, 8, 1)))


# Samples of two densities


@pytest.mark.parametrize("shape", SHAPES)
def test_samples_stand_beside_each_other_under_their_names(random, shape):
    prior, fitted = noise(random, 5, *shape), noise(random, 5, *shape)
    figure = figures.samples_beside(prior, fitted)
    pixels = rendered(figure)
    left, right = ([find(image, pixels)[:2] for image in images] for images in (prior, fitted))
    assert (left, right) == (sorted(left), sorted(right))  # in reading order
    assert max(x for _, x in left) < min(x for _, x in right)
    assert left[0][0] == right[0][0]
    assert tuple(axes.get_title(loc="left") for axes in figure.axes) == DENSITIES


# The plane among the points


@pytest.mark.parametrize("spacing", SPACINGS)
def test_crosses_mark_exactly_the_decoded_coordinates(random, spacing):
    x, y = SPACINGS[spacing]
    figure, _, points = panels(random, x, y)
    scatter, plane = figure.axes
    assert {tuple(cross) for cross in crosses_on(scatter)} == {(a, b) for a in x for b in y}
    (low_x, high_x), (low_y, high_y) = scatter.get_xlim(), scatter.get_ylim()
    everything = np.concatenate([points, crosses_on(scatter)])
    assert (everything > [low_x, low_y]).all()
    assert (everything < [high_x, high_y]).all()
    assert high_x - low_x == pytest.approx(high_y - low_y)
    assert plane.get_xlabel() == "z1"
    assert plane.get_ylabel() == "z2"


@pytest.mark.parametrize("spacing", SPACINGS)
def test_crosses_do_not_touch(random, spacing):
    figure, *_ = panels(random, *SPACINGS[spacing])
    scatter = figure.axes[0]
    (line,) = (line for line in scatter.lines if line.get_marker() == "+")
    columns, rows = (np.unique(column) for column in scatter.transData.transform(line.get_xydata()).round(3).T)
    apart = min(np.diff(columns).min(), np.diff(rows).min())
    assert line.get_markersize() * figure.dpi / 72 < 0.75 * apart


def test_the_plane_is_as_high_as_the_scatter_and_lies_right_of_it(random):
    figure, decoded, _ = panels(random, quantiles(15), quantiles(15), shape=(28, 28, 1))
    (left, top, width, height), (plane_left, plane_top, plane_width, plane_height) = map(place_of, figure.axes)
    assert (top, height, width) == (plane_top, plane_height, height)
    assert left + width < plane_left
    tile_top, tile_left, factor = find(decoded[-1, 0], rendered(figure))
    assert (tile_top, tile_left) == (plane_top, plane_left)  # the highest y is on top
    assert plane_width == 15 * 28 * factor


@pytest.mark.parametrize("shape", [(28, 28, 1), (24, 40, 3), (8, 8, 1)])
def test_a_flat_plane_still_has_a_readable_scatter(random, shape):
    figure, *_ = panels(random, even(-3, 3, 20), even(-1, 1, 2), shape=shape)
    scatter, plane = map(place_of, figure.axes)
    assert scatter[3] >= 480
    assert scatter[1] <= plane[1]
    assert plane[1] + plane[3] <= scatter[1] + scatter[3]


def test_the_panels_say_what_they_show(random):
    figure, *_ = panels(random, *SPACINGS["even"], explained=[0.431, 0.122, 0.1])
    scatter, plane = figure.axes
    assert [axes.get_title(loc="left") for axes in (scatter, plane)] == [POINTS_HEADING, PLANE_HEADING]
    assert "43.1%" in scatter.get_xlabel()
    assert "12.2%" in scatter.get_ylabel()
    assert (plane.get_xlabel(), plane.get_ylabel()) == ("principal axis 1", "principal axis 2")
    assert scatter.get_xlabel().startswith("principal axis 1")


@pytest.mark.parametrize("names", [["all"], DIGITS, LETTERS, FASHION, [f"class {i}" for i in range(47)]])
def test_the_legend_lies_between_the_panels(random, names):
    figure, *_ = panels(random, *SPACINGS["even"], shape=(28, 28, 1), names=names)
    scatter, plane = figure.axes
    legend = scatter.get_legend()
    assert inside_its_figure(figure)
    if len(names) == 1:
        assert legend is None
        return
    assert [text.get_text() for text in legend.get_texts()] == names
    box, ticks = legend.get_window_extent(), plane.get_tightbbox()
    assert scatter.get_window_extent().x1 <= box.x0
    assert box.x1 <= ticks.x0
    assert box.y0 >= 0


def test_a_line_leads_from_each_mark_to_its_image(random):
    x = quantiles(5)
    decoded, points = noise(random, 1, 5, 28, 28, 1), random.normal(size=(90, 1)) * 4
    figure = figures.scatter_and_plane(
        figures.DecodedPlane(decoded, x, [0.0]), figures.LabelledPoints(points, random.integers(0, 10, 90), DIGITS)
    )
    densities, row = figure.axes
    assert [text.get_text() for text in densities.get_yticklabels()] == DIGITS
    assert [text.get_text() for text in row.get_xticklabels()] == ["−2.3", "−0.7", "0.0", "0.7", "2.3"]
    pixels = rendered(figure)
    lines = figure.findobj(ConnectionPatch)
    for value, image, line in zip(x, decoded[0], lines, strict=True):
        start, end = line.coords1.transform(line.xy1)[0], line.coords2.transform(line.xy2)[0]
        assert start == pytest.approx(densities.transData.transform((value, 0))[0])
        _, left, factor = find(image, pixels)
        assert end == pytest.approx(left + 14 * factor, abs=1)


@pytest.mark.parametrize("x", [quantiles(15), quantiles(30), even(-9, 20, 3)])
def test_a_line_holds_points_and_marks(random, x):
    points = random.normal(size=(90, 1))
    decoded = noise(random, 1, len(x), 28, 28, 1)
    figure = figures.scatter_and_plane(
        figures.DecodedPlane(decoded, x, [0.0]), figures.LabelledPoints(points, random.integers(0, 10, 90), FASHION)
    )
    low, high = figure.axes[0].get_xlim()
    assert low < min(points.min(), x.min())
    assert max(points.max(), x.max()) < high
    assert inside_its_figure(figure)


# All of them


def test_no_text_leaves_its_figure_and_all_save_at_their_size(random):
    long = "A title that is much longer than the few small images under it are wide, by far and by intent"
    images, ends = noise(random, 3, 9, 7, 3), noise(random, 2, 9, 7, 3)
    for figure in (
        figures.first_images(images, [0, 1, 9], FASHION),
        figures.decoded_latents(images[:1], [[0.5, -1]]),
        figures.interpolations(ends, ends, noise(random, 2, 1, 9, 7, 3)),
        figures.interpolations(ends, ends, noise(random, 2, 30, 9, 7, 3)),
        figures.samples_beside(images[:1], images[1:2]),
        figures.samples(images, 2 * long),
        panels(random, np.arange(2), np.arange(2))[0],
        panels(random, np.arange(40) * 1e-3, np.arange(40) * 1e-3, shape=(28, 28, 1))[0],
    ):
        assert inside_its_figure(figure)
        data = png(figure)
        width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
        assert rendered(figure).shape == (height, width, 3)
