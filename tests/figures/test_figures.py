"""Laws of the pictures: what is drawn is exactly what was given, in the order, place and colour promised."""

import threading
from statistics import NormalDist

import numpy as np
import pytest
from figure_parts import DIGITS, LETTERS, SHAPES, find, noise, png, texts
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from pipeline import figures
from pipeline.figures.images.decoded import coordinate_names
from pipeline.figures.kit.canvas import rendered
from pipeline.figures.kit.limits import square_limits
from pipeline.figures.kit.mosaic import near_square
from pipeline.figures.kit.style import VALIDATION_INK, class_colors
from pipeline.figures.latent.scatter import keep_apart
from pipeline.figures.loss_curves import best_epoch, robust_range
from pipeline.latent.axes import even, latent_axes, latents_at, principal_axes, quantiles

# Cards


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 3, 40])
def test_reconstructions_card_holds_every_pixel_input_over_output(random, shape, count):
    images, outputs = noise(random, count, *shape), noise(random, count, *shape)
    card = figures.reconstructions_card(images, outputs)
    assert card.dtype == np.uint8
    assert card.shape == (len(card), len(card), 3)
    assert 256 <= len(card) <= 640
    for index in {0, min(count, 20) - 1}:
        top, left, factor = find(images[index], card)
        below, same_left, same_factor = find(outputs[index], card)
        assert (left, factor) == (same_left, same_factor)
        assert top + factor * shape[0] <= below <= top + factor * shape[0] + 2


def test_pairs_stand_farther_apart_than_an_input_and_its_output(random):
    images, outputs = noise(random, 32, 28, 28, 1), noise(random, 32, 28, 28, 1)
    card = figures.reconstructions_card(images, outputs)
    first, output, second = (find(tile, card)[0] for tile in (images[0], outputs[0], images[8]))
    assert find(images[8], card)[1] == find(images[0], card)[1]
    assert second - output > 1.1 * (output - first)


def test_an_image_larger_than_a_card_is_still_shown(random):
    tall = noise(random, 2, 1100, 90, 1)
    for card in (figures.mosaic_card(tall), figures.reconstructions_card(tall[:1], tall[1:])):
        assert card.shape[0] == card.shape[1] <= 1200


@pytest.mark.parametrize("shape", [*SHAPES, (200, 100, 3)])
def test_mosaic_card_shows_images_in_reading_order(random, shape):
    images = noise(random, 6, *shape)
    card = figures.mosaic_card(images)
    assert card.shape == (len(card), len(card), 3)
    places = [find(image, card)[:2] for image in images]
    assert places == sorted(places)


@pytest.mark.parametrize("picture", ["card", "figure"])
def test_decoded_plane_has_y_upwards_and_x_rightwards(random, picture):
    decoded = noise(random, 4, 3, 8, 8, 3)
    if picture == "card":
        pixels = figures.plane_card(figures.DecodedPlane(decoded, np.arange(3), np.arange(4)))
    else:
        pixels = rendered(figures.decoded_plane(figures.DecodedPlane(decoded, np.arange(3), np.arange(4))))
    places = np.array([[find(tile, pixels)[:2] for tile in row] for row in decoded])
    assert (np.diff(places[:, :, 0], axis=0) < 0).all()  # the next y lies higher
    assert (np.diff(places[:, :, 1], axis=1) > 0).all()
    assert (np.diff(places[:, :, 0], axis=1) == 0).all()


def test_float_images_give_the_same_card_as_bytes(random):
    images = noise(random, 4, 9, 9, 3)
    expected = figures.mosaic_card(images)
    assert np.array_equal(figures.mosaic_card(images.astype(np.float32) / 255), expected)
    assert np.array_equal(figures.mosaic_card(images / 255.0), expected)


def test_values_beyond_the_range_are_clipped_and_not_a_number_is_magenta():
    image = np.array([-1.0, 2.0, np.nan, np.inf]).reshape(1, 2, 2, 1)
    card = figures.mosaic_card(image)
    side = len(card) // 2
    corners = [tuple(map(int, card[y * side + 1, x * side + 1])) for y in (0, 1) for x in (0, 1)]
    assert corners == [(0, 0, 0), (255, 255, 255), (255, 0, 255), (255, 255, 255)]


def test_huge_mosaics_are_thinned_and_stay_square(random):
    card = figures.plane_card(figures.DecodedPlane(noise(random, 30, 30, 40, 40, 1), np.arange(30), np.arange(30)))
    assert card.shape[0] == card.shape[1] <= 1024


@pytest.mark.parametrize("count", [1, 2, 7, 10, 26, 64])
def test_near_square_has_room_for_all(count):
    rows, columns = near_square(count, 56, 28)
    assert rows * columns >= count > (rows - 1) * columns


def test_thirty_two_pairs_fill_a_square():
    assert near_square(32, 2 * 28, 28) == (4, 8)
    assert near_square(225, 28, 28) == (15, 15)


@pytest.mark.parametrize("names", [["one"], list("AEIOU"), DIGITS, LETTERS])
@pytest.mark.parametrize("dimensions", [1, 2])
def test_latent_card_is_square(random, names, dimensions):
    labels = random.integers(0, len(names), 300)
    card = figures.latent_card(figures.LabelledPoints(random.normal(size=(300, dimensions)), labels, names))
    assert card.dtype == np.uint8
    assert card.shape == (448, 448, 3)
    assert card.std() > 5


@pytest.mark.parametrize("names", [["one"], DIGITS, LETTERS])
@pytest.mark.parametrize(("scale", "middle"), [(0.3, 0), (1.5, 0), (40, 0), (150, 0), (600, 0), (2, 20)])
def test_a_latent_card_has_room_for_its_numbers_and_names(random, names, scale: float, middle: float):
    labels, places = random.integers(0, len(names), 300), middle + scale * random.uniform(-1, 1, (300, 2))
    card = figures.latent_card(figures.LabelledPoints(places, labels, names, [0.774, 0.174]))
    edges = np.concatenate([card[:, :2].ravel(), card[:, -2:].ravel(), card[:2].ravel(), card[-2:].ravel()])
    assert (edges == card[0, 0, 0]).all()


def test_latent_counts_what_is_no_number():
    points = np.array([[0.0, 0.0], [9.0, 9.0], [np.nan, 0.0]])
    assert "1 of 3 points not shown" in texts(
        figures.latent_space(figures.LabelledPoints(points, np.zeros(3, int), ["all"]))
    )
    assert not any(
        "not shown" in text
        for text in texts(figures.latent_space(figures.LabelledPoints(points[:2], np.zeros(2, int), ["all"])))
    )


# Wrong input


def test_errors_name_both_shapes(random):
    with pytest.raises(ValueError, match=r"\[4, 8, 8, 1\] but reconstructions \[3, 8, 8, 1\]"):
        figures.reconstructions_card(np.zeros((4, 8, 8, 1)), np.zeros((3, 8, 8, 1)))
    with pytest.raises(ValueError, match=r"\[4, 8, 8\]; expected \[N, H, W, 1 or 3\]"):
        figures.mosaic_card(np.zeros((4, 8, 8)))
    with pytest.raises(ValueError, match=r"\[2, 3\].*\[3, 2\]"):
        figures.decoded_plane(figures.DecodedPlane(np.zeros((2, 3, 8, 8, 1)), [0, 1], [0, 1, 2]))
    with pytest.raises(ValueError, match=r"points have shape \[5, 3\] and labels \[5\]"):
        figures.latent_space(figures.LabelledPoints(np.zeros((5, 3)), np.zeros(5, int), ["a"]))
    with pytest.raises(ValueError, match="labels run from 0 to 2; there are 2 class names"):
        figures.latent_card(figures.LabelledPoints(np.zeros((3, 2)), np.arange(3), ["a", "b"]))
    with pytest.raises(ValueError, match=r"shape \[3, 3\] .* their names and values ask for \[2, 3\]"):
        figures.traversals(np.zeros((3, 3, 8, 8, 1)), np.arange(3), ["z1", "z2"])
    with pytest.raises(ValueError, match="there are no trials; expected one or more"):
        figures.trial_sheet([], "a study")
    with pytest.raises(ValueError, match="int64"):
        figures.mosaic_card(np.zeros((3, 8, 8, 1), np.int64))
    with pytest.raises(ValueError, match="expected metrics such as validation/epoch/loss"):
        figures.losses({"learning_rate": [1e-3]})


# Figures


@pytest.mark.parametrize("shape", SHAPES)
def test_reconstructions_show_every_pixel(random, shape):
    images, outputs = noise(random, 3, *shape), noise(random, 3, *shape)
    pairs = rendered(figures.reconstructions(images, outputs))
    for image, output in zip(images, outputs, strict=True):
        assert find(image, pairs)[0] < find(output, pairs)[0]
        assert find(image, pairs)[1] == find(output, pairs)[1]


def test_traversals_go_down_by_dimension_and_right_by_value(random):
    decoded = noise(random, 3, 5, 8, 8, 1)
    figure = figures.traversals(decoded, even(-2, 2, 5), ["z1", "z2", "z3"])
    pixels = rendered(figure)
    assert find(decoded[0, 0], pixels)[0] < find(decoded[1, 0], pixels)[0] < find(decoded[2, 0], pixels)[0]
    assert find(decoded[0, 0], pixels)[1] < find(decoded[0, 1], pixels)[1] < find(decoded[0, 4], pixels)[1]
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["z1", "z2", "z3"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["−2", "−1", "0", "1", "2"]


def test_grid_names_its_coordinates_where_the_tiles_are(random):
    figure = figures.decoded_plane(
        figures.DecodedPlane(noise(random, 3, 2, 8, 8, 1), [-1.0, 1.0], [-2.0, 0.0, 2.0], [0.6, 0.3, 0.1])
    )
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("principal axis 1", "principal axis 2")
    heights = dict(zip([text.get_text() for text in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    to_pixels = axes.transData.transform
    assert to_pixels((0, heights["−2"]))[1] < to_pixels((0, heights["0"]))[1] < to_pixels((0, heights["2"]))[1]


def test_grid_of_one_row_has_no_second_axis(random):
    (axes,) = figures.decoded_plane(figures.DecodedPlane(noise(random, 1, 7, 8, 8, 1), even(-3, 3, 7), [0.0])).axes
    assert not len(axes.get_yticks())
    assert axes.get_ylabel() == ""


@pytest.mark.parametrize("names", [list("AEIOU"), DIGITS, LETTERS, [f"c{i}" for i in range(47)]])
def test_legend_names_all_classes_inside_the_figure(random, names):
    labels = random.integers(0, len(names), 400)
    figure = figures.latent_space(figures.LabelledPoints(random.normal(size=(400, 2)), labels, names))
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == names
    figure.draw_without_rendering()
    assert legend.get_window_extent().x1 <= figure.bbox.width
    assert legend.get_window_extent().x0 >= figure.axes[0].get_window_extent().x1 - 1


def test_single_class_needs_no_legend(random):
    assert (
        figures.latent_space(figures.LabelledPoints(random.normal(size=(9, 2)), np.zeros(9, int), ["all"]))
        .axes[0]
        .get_legend()
        is None
    )


def test_densities_name_every_class(random):
    (axes,) = figures.latent_space(
        figures.LabelledPoints(random.normal(size=(90, 1)), random.integers(0, 10, 90), DIGITS)
    ).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == DIGITS
    assert axes.get_yticks()[0] > axes.get_yticks()[-1]  # the first class is on top


def test_latent_shows_a_square_around_all_points(random):
    points = random.normal(size=(50, 2)) * [9, 1]
    (low_x, high_x), (low_y, high_y) = square_limits(points)
    assert high_x - low_x == pytest.approx(high_y - low_y)
    assert (points.min(0) > [low_x, low_y]).all()
    assert (points.max(0) < [high_x, high_y]).all()
    (axes,) = figures.latent_space(figures.LabelledPoints(points, np.zeros(50, int), ["all"])).axes
    assert (axes.get_xlim(), axes.get_ylim()) == ((low_x, high_x), (low_y, high_y))
    assert axes.get_aspect() == 1


def test_axis_names_tell_coordinates_from_principal_axes(random):
    points, labels = random.normal(size=(20, 2)), np.zeros(20, int)
    (axes,) = figures.latent_space(figures.LabelledPoints(points, labels, ["all"])).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("z1", "z2")
    (axes,) = figures.latent_space(figures.LabelledPoints(points, labels, ["all"], [0.431, 0.122, 0.1])).axes
    assert "43.1%" in axes.get_xlabel()
    assert "12.2%" in axes.get_ylabel()


def test_class_colors_are_distinct():
    for count in range(1, 60):
        colors = class_colors(count)
        assert colors.shape == (count, 3)
        assert len({to_hex(tuple(color)) for color in colors}) == count


def oklab(rgb: np.ndarray) -> np.ndarray:
    """sRGB colours [N, 3] in a space where distance is what people see of it (Ottosson 2020)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    cones = linear @ [
        [0.41222147, 0.2119035, 0.08830246],
        [0.53633254, 0.6806995, 0.28171884],
        [0.05144599, 0.10739696, 0.6299787],
    ]
    return np.cbrt(cones) @ [
        [0.21045426, 1.9779985, 0.0259040],
        [0.79361779, -2.4285922, 0.78277177],
        [-0.0040720, 0.4505937, -0.80867577],
    ]


@pytest.mark.parametrize("count", [10, 26, 47, 60])
def test_class_colors_are_apart_for_the_eye_and_from_the_paper(count):
    colors = oklab(np.vstack([class_colors(count), np.ones(3)]))
    distances = np.linalg.norm(colors[:, None] - colors[None], axis=-1) + 9 * np.eye(count + 1)
    assert distances.min() > 0.06
    assert distances[-1].min() > 0.18


def test_names_are_kept_apart_and_move_no_more_than_needed():
    apart = np.array([[0.0, 0.0], [50.0, 0.0]])
    assert np.allclose(keep_apart(apart, np.array([10, 10])), apart, atol=0.1)
    crowd = keep_apart(np.zeros((12, 2)), np.array([10.0, 10.0]))
    distances = np.linalg.norm(crowd[:, None] - crowd[None], axis=-1) + 99 * np.eye(12)
    assert distances.min() > 8


# Losses


def history(**curves: list[float]) -> dict[str, list[float]]:
    return {name.replace("_", "/epoch/"): values for name, values in curves.items()}


def test_losses_mark_the_best_epoch_on_the_validation_curve():
    curves = history(
        train_loss=[9.0, 5.0, 4.0, 3.0], validation_loss=[8.0, 6.0, 5.5, 7.0], validation_rate=[1.0, 2.0, 3.0, 4.0]
    )
    assert best_epoch(curves) == 3
    assert best_epoch(curves, 3) == 4, "of those that count"
    assert best_epoch(curves, 4) is best_epoch(curves, None) is None
    figure = figures.losses(curves)
    loss, rate = figure.axes
    for axes, value in ((loss, 5.5), (rate, 3.0)):
        (ring,) = (line for line in axes.lines if line.get_markerfacecolor() == "none" and line.get_markersize() == 8)
        assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([3], [value])
        assert ring.get_color() == VALIDATION_INK
        assert axes.get_title(loc="right") == f"best epoch 3: {value:.2f}"


def test_losses_count_epochs_from_one_and_without_validation_mark_the_best_of_training():
    figure = figures.losses(history(train_loss=[3.0, 1.0, 2.0]))
    (axes,) = figure.axes
    assert list(axes.lines[0].get_xdata()) == [1, 2, 3]
    assert axes.get_title(loc="right").startswith("best epoch 2")


@pytest.mark.parametrize(
    "curves",
    [
        history(train_loss=[5.0]),
        history(
            train_loss=[5.0],
            validation_loss=[4.0],
            validation_elbo=[-4.0],
            validation_rate=[0.0],
            validation_distortion=[4.0],
        ),
        history(train_loss=[np.inf, np.nan, 3.0], validation_loss=[np.nan, 4.0]),
        history(train_loss=[np.nan], validation_loss=[np.nan]),
        history(train_loss=[], validation_rate=[0.0, 0.0, 0.0]),
        history(train_loss=[1e30, 5.0, 4.0, 3.0, 2.9], validation_loss=[4.0, 3.9, 1e9, 3.7, 3.6]),
    ],
)
def test_losses_can_be_drawn_from_any_history(curves):
    assert png(figures.losses(curves))


def test_huge_first_values_do_not_flatten_the_rest():
    low, high = robust_range([np.array([1e6, 190.0, 170, 160, 155, 152, 151, 150.5, 150.2])])
    assert low < 150.2
    assert 190 < high < 1000


def test_smooth_curves_are_shown_whole():
    course = 150 + 40 * np.exp(-np.arange(30) / 3)
    low, high = robust_range([course, course + 2, np.array([np.nan])])
    assert low < 150
    assert high > 192


@pytest.mark.parametrize("last", [1, 2, 7, 14, 30, 50, 200, 1000, 12345])
def test_epochs_are_numbered_with_few_whole_numbers(last):
    (axes,) = figures.losses(history(train_loss=[1.0] * last)).axes
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert 1 <= len(ticks) <= 9
    assert all(tick == int(tick) and 1 <= tick <= last for tick in ticks)


def test_coordinate_names_are_short_and_distinct():
    assert coordinate_names(np.array([-1.0, 0.0, 1.0])) == ["−1", "0", "1"]
    assert coordinate_names(np.array([-0.75, -1e-12, 0.75])) == ["−0.75", "0.00", "0.75"]
    assert coordinate_names(np.array([2.0])) == ["2"]
    for values in (even(-2, 2, 15), quantiles(30), even(-0.01, 0.01, 9)):
        assert len(set(coordinate_names(values))) == len(values)


# The plane


def test_principal_axes_are_an_orthonormal_frame_in_order(random):
    axes = principal_axes(random.normal(size=(200, 6)) * [1, 5, 2, 3, 0.1, 1])
    assert np.allclose(axes.directions @ axes.directions.T, np.eye(6))
    assert axes.shares.sum() == pytest.approx(1)
    assert (np.diff(axes.shares) <= 0).all()
    assert np.abs(axes.directions[0]).argmax() == 1
    assert (axes.directions[np.arange(6), np.abs(axes.directions).argmax(1)] > 0).all()


def test_principal_axes_ignore_the_order_of_the_images(random):
    means = random.normal(size=(50, 4)) * [4, 3, 2, 1]
    first, second = principal_axes(means), principal_axes(means[::-1])
    assert np.allclose(first.directions, second.directions)


def test_shares_are_the_variances_of_the_coordinates(random):
    means = random.normal(size=(300, 5)) @ random.normal(size=(5, 5))
    axes = principal_axes(means)
    variances = axes.coordinates(means).var(axis=0)
    assert np.allclose(variances / means.var(axis=0).sum(), axes.shares[:2])


def test_plane_points_have_the_coordinates_they_were_made_of(random):
    axes = latent_axes(random.normal(size=(60, 8)))
    x, y = even(-2, 2, 5), quantiles(3)
    points = latents_at(axes, x, y)
    assert points.shape == (3, 5, 8)
    assert np.allclose(axes.coordinates(points)[..., 0], x[None, :])
    assert np.allclose(axes.coordinates(points)[..., 1], y[:, None])


def test_the_plane_of_two_dimensions_is_the_latent_space_itself(random):
    means = random.normal(size=(30, 2)) + 5
    own = latent_axes(means)
    assert own.explained is None
    assert np.allclose(own.coordinates(means), means)
    assert np.allclose(latents_at(own, [1.0, 2.0], [7.0])[0], [[1, 7], [2, 7]])
    principal = principal_axes(means)
    x, y = principal.coordinates(means)[3]
    assert np.allclose(latents_at(principal, [x], [y])[0, 0], means[3])


def test_a_line_is_the_plane_of_one_dimension(random):
    axes = latent_axes(random.normal(size=(30, 1)))
    assert latents_at(axes, [1.0, 2.0, 3.0], [0.0]).tolist() == [[[1.0], [2.0], [3.0]]]
    assert axes.coordinates(np.ones((4, 1))).shape == (4, 1)


@pytest.mark.parametrize("means", [np.zeros((1, 3)), np.full((5, 3), np.nan), np.ones((4, 3)), np.eye(2, 3)])
def test_degenerate_means_still_have_axes(means):
    axes = principal_axes(means)
    assert np.allclose(axes.directions @ axes.directions.T, np.eye(3))
    assert axes.shares.sum() == pytest.approx(1)


def test_quantiles_cut_the_normal_into_equal_shares():
    cuts = quantiles(15)
    shares = [NormalDist().cdf(cut) for cut in cuts]
    assert np.allclose(shares, np.linspace(0.01, 0.99, 15))
    assert np.allclose(cuts, -cuts[::-1])
    assert quantiles(1) == pytest.approx([0.0])
    assert even(-2, 4, 1).tolist() == [1.0]
    assert even(-2, 2, 3).tolist() == [-2, 0, 2]


# All of them


def test_every_figure_saves_as_png_at_its_own_size(random):
    images, labels = random.random((5, 9, 7, 3)), random.integers(0, 3, 40)
    drawn = [
        figures.reconstructions(images, images),
        figures.decoded_plane(figures.DecodedPlane(random.random((3, 4, 9, 7, 1)), np.arange(4), np.arange(3))),
        figures.traversals(random.random((2, 3, 9, 7, 3)), np.arange(3), ["z1", "a longer name"]),
        figures.latent_space(figures.LabelledPoints(random.normal(size=(40, 2)), labels, ["a", "b", "c"])),
        figures.latent_space(figures.LabelledPoints(random.normal(size=(40, 1)), labels, ["a", "b", "c"])),
        figures.latent_space(figures.LabelledPoints(np.empty((0, 2)), np.empty(0, int), ["a", "b"])),
        figures.losses({"train/epoch/loss": [3.0, 2.0], "validation/epoch/loss": [2.5, 2.4]}),
    ]
    for figure in drawn:
        data = png(figure)
        assert data.startswith(b"\x89PNG")
        width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
        assert rendered(figure).shape == (height, width, 3)


def test_no_text_leaves_its_figure(random):
    labels = random.integers(0, 10, 60)
    fashion = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    for figure in (
        figures.latent_space(figures.LabelledPoints(random.normal(size=(60, 2)), labels, fashion, [0.4, 0.2])),
        figures.latent_space(figures.LabelledPoints(random.normal(size=(60, 1)), labels, fashion)),
        figures.traversals(random.random((2, 3, 8, 8, 1)), np.arange(3), ["z1, rate 0.41", "z2"]),
        figures.decoded_plane(figures.DecodedPlane(random.random((3, 2, 8, 8, 1)), [-1.5, 0.5], np.arange(3) * 1e-3)),
        figures.reconstructions(*random.random((2, 1, 8, 8, 1))),
        figures.samples(random.random((1, 8, 8, 1)), "A title longer than its picture, by far"),
        figures.losses(
            {
                "train/epoch/loss": [3000.0, 2000.0],
                "validation/epoch/loss": [2500.0, 2400.0],
                "validation/epoch/rate": [1.0, 2.0],
            }
        ),
    ):
        box = figure.get_tightbbox(figure.canvas.get_renderer())
        width, height = figure.get_size_inches()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_drawing_in_threads_equals_drawing_alone(random):
    points, labels = random.normal(size=(200, 2)), random.integers(0, 10, 200)
    expected, drawn = figures.latent_card(figures.LabelledPoints(points, labels, DIGITS)), []
    threads = [
        threading.Thread(
            target=lambda: drawn.append(figures.latent_card(figures.LabelledPoints(points, labels, DIGITS)))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 3
    assert all(np.array_equal(card, expected) for card in drawn)


def test_inputs_are_left_as_they_were(random):
    images, points = random.random((4, 8, 8, 1)), random.normal(size=(9, 2))
    before = images.copy(), points.copy()
    figures.reconstructions_card(images, images)
    figures.latent_card(figures.LabelledPoints(points, np.zeros(9, int), ["all"]))
    assert np.array_equal(images, before[0])
    assert np.array_equal(points, before[1])


def test_anomalies_stand_over_their_reconstructions(random):
    images, outputs = noise(random, 7, 8, 8, 1), noise(random, 7, 8, 8, 1)
    drawn = figures.anomalies(images, outputs, [f"file{index}.png" for index in range(7)], "Unusual")
    pixels = rendered(drawn)
    for image, output in zip(images, outputs, strict=True):
        top, left, factor = find(image, pixels)
        below, same_left, same_factor = find(output, pixels)
        assert (left, factor) == (same_left, same_factor)
        assert below == top + (8 + 1) * factor
    assert {f"file{index}.png" for index in range(7)} <= set(texts(drawn))


@pytest.mark.parametrize("ends", [(2e-3, 8e-3), (1e-4, 1e-1)], ids=["within a power of ten", "over several"])
def test_numbers_of_logarithmic_axes_are_text(ends: tuple[float, float]) -> None:
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_xlim(*ends)
    figures.literal_ticks(figure)
    figure.draw_without_rendering()
    written = [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_xticklabels(minor=True))]
    assert any(written)
    assert not any("$" in text for text in written)
