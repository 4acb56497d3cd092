"""Laws of the picture of several runs: each in a column of its own, the same thing in the same row."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from figure_parts import DIGITS, LETTERS, find, noise, texts
from matplotlib.figure import Figure

from pipeline import figures
from pipeline.figures import Column, DecodedPlane, LabelledPoints
from pipeline.figures.kit.canvas import rendered
from pipeline.figures.kit.rgb import resized
from pipeline.figures.kit.style import DPI
from pipeline.figures.side_by_side.column_images import fitted_mosaic, fitted_pairs, fitted_plane

FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def column(
    random, name="beta=1", shape=(32, 32, 3), spread=1.0, dimensions=2, classes=DIGITS, explained=None, **changes
) -> Column:
    """A run with pixels of noise and a latent space of this spread."""
    made = Column(
        name=name,
        caption="ELBO -152.3  NLL 148.9\nMSE 0.03",
        images=noise(random, 2, *shape),
        reconstructions=noise(random, 2, *shape),
        points=LabelledPoints(
            spread * random.uniform(-1, 1, size=(100, dimensions)), np.arange(100) % len(classes), classes, explained
        ),
        plane=DecodedPlane(noise(random, dimensions, 2, 17, 17, 1), np.arange(2), np.arange(dimensions)),
        samples=noise(random, 4, *shape),
    )
    return replace(made, **changes)


def scatters(figure: Figure) -> list[list]:
    """Axes with coordinates, row by row from the top."""
    rows: dict[float, list] = {}
    for axes in figure.axes:
        if axes.get_xlabel():
            rows.setdefault(round(axes.get_position().y1, 6), []).append(axes)
    return [rows[top] for top in sorted(rows, reverse=True)]


def left_of(axes) -> int:
    return round(axes.get_window_extent().x0)


# What stands where


def test_each_run_has_a_column_and_each_kind_of_picture_a_row(random):
    runs = [column(random, f"seed={seed}") for seed in range(2)]
    figure = figures.side_by_side(runs)
    boxes = [axes.get_window_extent() for axes in scatters(figure)[0]]
    cut = [rendered(figure)[:, round(box.x0) : round(box.x1)] for box in boxes]
    tops = []
    for run, part in zip(runs, cut, strict=True):
        above, below = find(run.images[0], part), find(run.reconstructions[0], part)
        corners = [
            find(tile, part) for tile in (run.plane.images[1, 0], run.plane.images[0, 0], run.plane.images[0, 1])
        ]
        assert above[0] < below[0] < corners[0][0] < corners[1][0] == corners[2][0]  # y upwards
        assert above[1] == below[1] == corners[0][1] == corners[1][1] == 0 < corners[2][1]  # x rightwards
        tops.append((above[0], below[0], corners[0][0]))
    assert tops[0] == tops[1]


def test_a_pair_stands_closer_than_two_rows_of_pairs(random):
    images, outputs = noise(random, 10, 28, 28, 1), noise(random, 10, 28, 28, 1)
    picture = fitted_pairs(images, outputs, 5 * 58 - 2)
    first, output, second = (find(tile, picture) for tile in (images[0], outputs[0], images[5]))
    assert first[1] == output[1] == second[1]
    assert output[0] - first[0] < second[0] - output[0]


def test_rows_say_at_the_left_what_they_show(random):
    figure = figures.side_by_side([column(random), column(random, spread=9)], title="Two spreads")
    labels = ["inputs over", "reconstructions", "posterior means,", "axes equal in all", "own axes", "decoded plane"]
    assert {*labels, "samples", "Two spreads", "beta=1", "ELBO -152.3  NLL 148.9"} <= set(texts(figure))
    first = min(left_of(axes) for axes in figure.axes)
    for text in figure.texts:
        if text.get_text() in labels:
            assert text.get_window_extent().x1 < first


# The latent space


def test_axes_are_equal_in_all_columns_and_hold_all_points(random):
    runs = [column(random, spread=spread) for spread in (1, 1.2)]
    (row,) = scatters(figures.side_by_side(runs))  # they agree, so there is no second row
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in row}) == 1
    assert row[0].get_xlim()[0] < -1.15
    assert row[0].get_xlim()[1] > 1.15


def test_runs_that_differ_much_are_also_shown_on_their_own_axes(random):
    runs = [column(random, spread=spread) for spread in (1, 60)]
    equal, own = scatters(figures.side_by_side(runs))
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in equal}) == 1
    assert np.ptp(own[0].get_xlim()) < 3
    assert np.ptp(own[1].get_xlim()) > 100
    assert equal[0].get_xlim()[0] < -50


def test_runs_that_lie_apart_are_also_shown_on_their_own_axes(random):
    runs = [column(random), column(random)]
    runs[1] = replace(runs[1], points=replace(runs[1].points, points=runs[1].points.points + 5))
    assert len(scatters(figures.side_by_side(runs))) == 2


@pytest.mark.parametrize("spread", [1e-7, 1e-3, 1.0, 1e3, 1e7])
def test_numbers_do_not_run_into_each_other(random, spread):
    figure = figures.side_by_side([column(random, spread=spread), *(column(random) for _ in range(5))])
    rendered(figure)  # ticks are chosen as they are drawn
    for axes in figure.axes:
        written = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        inside = sorted((box for box in written if axes.get_xlabel()), key=lambda box: box.x0)
        assert all(left.x1 + 10 < right.x0 for left, right in pairwise(inside))


def test_one_dimension_stands_beside_two(random):
    runs = [column(random), column(random, dimensions=1, spread=1.1, classes=LETTERS)]
    ((plane, line),) = scatters(figures.side_by_side(runs))
    assert plane.get_xlim() == line.get_xlim()
    assert [text.get_text() for text in line.get_yticklabels()] == LETTERS
    assert plane.get_ylabel() == "z2"
    assert line.get_ylabel() == ""


def test_principal_axes_are_named_with_their_shares(random):
    ((axes,),) = scatters(figures.side_by_side([column(random, explained=[0.34, 0.31, 0.2])]))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("principal axis 1 (34%)", "principal axis 2 (31%)")


def test_neighbours_of_the_same_classes_share_a_legend(random):
    runs = [column(random, classes=classes) for classes in (DIGITS, DIGITS, FASHION, list("AEIOU"))]
    figure = figures.side_by_side(runs)
    named = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    assert [sorted(names) for names in named] == [sorted(names) for names in (DIGITS, FASHION, list("AEIOU"))]
    figure.draw_without_rendering()
    lefts = [left_of(axes) for axes in scatters(figure)[0]]
    for legend, start, end in zip(figure.legends, (0, 2, 3), (2, 3, 4), strict=True):
        assert abs(legend.get_window_extent().x0 - lefts[start]) < 12
        assert legend.get_window_extent().x1 < [*lefts, figure.bbox.x1][end]


def test_a_legend_reads_line_by_line(random):
    figure = figures.side_by_side([column(random, classes=FASHION)])
    figure.draw_without_rendering()
    written = [(text.get_window_extent(), text.get_text()) for text in figure.legends[0].get_texts()]
    in_lines = sorted(written, key=lambda entry: (-round(entry[0].y0 / 12), entry[0].x0))
    assert [text for _, text in in_lines] == FASHION


# Many runs, many shapes


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 4), (6, 6), (7, 4), (12, 6), (13, 5)])
def test_runs_go_on_under_each_other_beyond_six(random, count, columns):
    few = LabelledPoints(random.normal(size=(20, 2)), np.zeros(20, int), ["all"])
    run = column(random, shape=(8, 8, 1), points=few)
    rows = scatters(figures.side_by_side([run] * count))
    assert [len(row) for row in rows][:-1] == [columns] * (len(rows) - 1)
    assert sum(len(row) for row in rows) == count
    assert {left_of(axes) for row in rows for axes in row} == {left_of(axes) for axes in rows[0]}
    assert rows[0][0].figure.get_size_inches()[0] * DPI < 2200


@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_no_text_leaves_the_figure_or_its_column(random, count):
    shapes = [(28, 28, 1), (20, 32, 3), (8, 8, 1), (96, 32, 3), (200, 150, 3), (28, 28, 1)]
    classes = [LETTERS, ["red", "green", "blue", "yellow"], DIGITS, FASHION, list("AEIOU"), ["one"]]
    names = ["dataset=emnist_letters objective.beta=4 model.latent_dim=2", "likelihood=continuous_bernoulli"] * 3
    runs = [
        column(random, name, shape, 20**index, 2 - index % 2, some)
        for index, (name, shape, some) in enumerate(zip(names, shapes, classes, strict=True))
    ][:count]
    figure = figures.side_by_side(runs)
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert (box.x0 >= 0, box.y0 >= 0, box.x1 <= width, box.y1 <= height) == (True,) * 4
    columns = [axes.get_window_extent() for axes in scatters(figure)[0]]
    for text in figure.texts:
        extent = text.get_window_extent()
        for box in columns:
            if box.x0 - 20 <= extent.x0 < box.x1:
                assert extent.x1 <= box.x1


def test_long_names_wrap_between_their_words(random):
    name = "dataset=emnist_letters objective=autoencoder model.latent_dim=8 likelihood=continuous_bernoulli_likelihood"
    drawn = texts(figures.side_by_side([column(random, name)] * 6))
    assert {"dataset=emnist_letters", "objective=autoencoder", "model.latent_dim=8"} <= set(drawn)
    assert "likelihood=continuous_" in drawn  # a word longer than a line breaks behind a sign


def test_captions_stand_at_one_height_whatever_the_names(random):
    runs = [column(random, "short"), column(random, "a much longer name that needs several lines " * 2)]
    figure = figures.side_by_side(runs)
    assert len({text.get_position()[1] for text in figure.texts if text.get_text().startswith("ELBO")}) == 1


def test_wrong_columns_are_refused(random):
    with pytest.raises(ValueError, match="no runs"):
        figures.side_by_side([])
    with pytest.raises(ValueError, match=r"images have shape \[2, 32, 32, 3\] but reconstructions \[1, 32, 32, 3\]"):
        figures.side_by_side([column(random, reconstructions=noise(random, 1, 32, 32, 3))])


# Images at any size


@pytest.mark.parametrize(("height", "width"), [(8, 12), (24, 36), (11, 17), (5, 4), (1, 1), (30, 45)])
def test_resizing_keeps_the_mean_of_an_image(random, height, width):
    images = noise(random, 3, 8, 12, 3)
    small = resized(images, height, width)
    assert small.shape == (3, height, width, 3)
    assert np.allclose(small.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=0.51)


def test_resizing_by_a_whole_factor_keeps_every_pixel(random):
    images = noise(random, 2, 8, 12, 3)
    assert np.array_equal(resized(images, 24, 36), images.repeat(3, 1).repeat(3, 2))
    assert np.array_equal(resized(images, 8, 12), images)


@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 32, 3), (8, 8, 1), (96, 32, 3), (300, 500, 3)])
@pytest.mark.parametrize("width", [256, 340])
def test_pictures_keep_to_the_width_of_their_column(random, shape, width):
    images = noise(random, 10, *shape)
    for picture in (
        fitted_pairs(images, images, width),
        fitted_mosaic(images, width),
        fitted_plane(DecodedPlane(images.reshape(2, 5, *shape), np.arange(5), np.arange(2)), width),
        fitted_plane(DecodedPlane(images[None], np.arange(10), [0]), width),
    ):
        assert 0.4 * width < max(picture.shape[:2])
        assert picture.shape[1] <= width
        assert picture.dtype == np.uint8


def test_a_mosaic_has_no_gaps(random):
    for count in range(1, 40):
        mosaic = fitted_mosaic(np.zeros((count, 28, 28, 1), np.uint8), 256)
        assert (mosaic[-1, -1], mosaic[-1, 0]) == (pytest.approx(0), pytest.approx(0))


def test_a_decoded_line_is_broken_like_text(random):
    line = noise(random, 1, 9, 20, 20, 1)
    picture = fitted_plane(DecodedPlane(line, np.arange(9), [0]), 240)
    places = [find(tile, picture)[:2] for tile in line[0]]
    assert places == sorted(places)
    assert len({top for top, _ in places}) == 3


def test_on_a_contact_sheet_no_text_reaches_into_another_trial_or_its_cards() -> None:
    card = np.zeros((232, 232, 3), np.uint8)
    caption = "model=conv latent_dim=32 activation=relu filters=[32,64,128] units=[256] learning_rate=0.001234"
    sheet = figures.trial_sheet(
        [figures.TrialCards(f"trial {index}: nll 98.72", caption, [card] * 2) for index in range(4)], "mine"
    )
    texts = [text.get_window_extent() for text in sheet.texts]
    cards = [axes.get_window_extent() for axes in sheet.axes]
    assert len(texts) == 1 + 4 + 4 * 2, "a title, and for each trial its name and a caption of two lines"
    for index, text in enumerate(texts):
        assert not any(text.overlaps(other) for other in [*texts[:index], *cards])
        assert text.x1 < sheet.bbox.x1
