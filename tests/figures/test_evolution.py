"""Laws of the pictures of a training's course: what is drawn, in which order, on which axes, and how a film moves."""

import io

import numpy as np
import pytest
from figure_parts import DIGITS, LETTERS, find, noise, texts
from PIL import Image

from pipeline import figures
from pipeline.figures.film.film import EPOCHS, FRAMES, eased
from pipeline.figures.film.gif import gif
from pipeline.figures.film.moving_scatter import SIDE
from pipeline.figures.kit.canvas import rendered
from pipeline.figures.kit.epochs import epoch_name, thinned
from pipeline.figures.kit.limits import inside, robust_limits, square_limits
from pipeline.figures.kit.style import class_colors


def course(random, epochs=4, count=200, classes=3, dimensions=2):
    """Points [E, N, D] that leave one heap for a place of each class, and their labels."""
    labels = np.arange(count) % classes
    places = 4 * random.normal(size=(classes, dimensions))
    way = np.linspace(0, 1, epochs)[:, None, None]
    return way * places[labels] + random.normal(size=(count, dimensions)), labels


def frames_of(film: bytes) -> list[np.ndarray]:
    image = Image.open(io.BytesIO(film))
    frames = []
    for number in range(image.n_frames):
        image.seek(number)
        frames.append(np.asarray(image.convert("RGB")))
    return frames


def middle_of(frame: np.ndarray, label: int, classes: int) -> np.ndarray:
    """The mean (x, y) of the pixels inside the axes that have the colour of a class, y downwards."""
    color = np.rint(class_colors(classes)[label] * 255)
    near = (np.abs(frame[38:436, 26:].astype(float) - color) < 60).all(axis=-1)
    y, x = np.nonzero(near)
    return np.array([x.mean(), y.mean()])


# Which epochs


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_few_epochs_are_all_shown(count):
    assert thinned(count) == list(range(count))


@pytest.mark.parametrize("count", [13, 14, 20, 31, 51, 100, 101, 1000, 12345])
def test_many_epochs_are_thinned_with_the_first_the_last_and_ever_wider_steps(count):
    shown = thinned(count)
    assert (shown[0], shown[-1], len(shown)) == (0, count - 1, 12)
    assert (np.diff(shown) >= 1).all()
    assert np.diff(shown)[-1] == np.diff(shown).max()
    early, late = np.diff(shown)[:5].sum(), np.diff(shown)[-5:].sum()
    assert early < late


def test_the_state_before_the_training_is_the_start():
    assert [epoch_name(epoch) for epoch in (0, 1, 12)] == ["start", "epoch 1", "epoch 12"]


# The sheet of reconstructions


@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 32, 3), (8, 8, 1)])
def test_epochs_sheet_has_the_inputs_on_top_and_an_epoch_a_row(random, shape):
    images, outputs = noise(random, 4, *shape), noise(random, 3, 4, *shape)
    figure = figures.reconstructions_by_epoch(images, outputs, [0, 1, 5])
    pixels = rendered(figure)
    rows = [[find(tile, pixels)[:2] for tile in row] for row in (images, *outputs)]
    tops, lefts = np.array(rows)[..., 0], np.array(rows)[..., 1]
    assert (np.diff(tops, axis=1) == 0).all()
    assert (np.diff(tops[:, 0]) > 0).all()
    assert (np.diff(lefts, axis=0) == 0).all()
    assert (np.diff(lefts[0]) > 0).all()
    assert tops[1, 0] - tops[0, 0] > tops[2, 0] - tops[1, 0]  # the inputs stand apart


def test_each_row_of_the_sheet_is_named_at_its_middle(random):
    images, outputs = noise(random, 3, 28, 28, 1), noise(random, 3, 3, 28, 28, 1)
    (axes,) = figures.reconstructions_by_epoch(images, outputs, [0, 1, 5]).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["input", "start", "epoch 1", "epoch 5"]
    shown = axes.images[0].get_array()
    for row, middle in zip((images, *outputs), axes.get_yticks(), strict=True):
        top, _, factor = find(row[0], shown)
        assert top + 28 * factor / 2 - 0.5 == pytest.approx(middle)


def test_a_sheet_of_many_epochs_shows_twelve(random):
    (axes,) = figures.reconstructions_by_epoch(noise(random, 2, 8, 8, 1), noise(random, 40, 2, 8, 8, 1), range(40)).axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert len(names) == 13
    assert (names[1], names[-1]) == ("start", "epoch 39")


def test_a_sheet_of_large_images_shows_as_many_as_fit(random):
    images = noise(random, 10, 200, 300, 3)
    (axes,) = figures.reconstructions_by_epoch(images, images[None], [1]).axes
    assert axes.images[0].get_array().shape[1] == 3 * 300 + 2 * 3


def test_a_sheet_refuses_reconstructions_of_other_images(random):
    with pytest.raises(ValueError, match=r"\[2, 3, 8, 8, 1\], images \[4, 8, 8, 1\]; .* each of 2 epochs"):
        figures.reconstructions_by_epoch(noise(random, 4, 8, 8, 1), noise(random, 2, 3, 8, 8, 1), [1, 2])


# The latent space in steps


def test_latent_steps_are_one_panel_an_epoch_on_the_same_axes(random):
    points, labels = course(random)
    figure = figures.latent_steps(figures.Trajectories(points, labels, ["first", "second", "third"], [0, 1, 5, 9]))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["start", "epoch 1", "epoch 5", "epoch 9"]
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    for axes, epoch in zip(figure.axes, points, strict=True):
        drawn = axes.collections[0].get_offsets()
        assert np.allclose(np.sort(drawn, axis=0), np.sort(epoch, axis=0))


def test_latent_steps_have_one_legend_and_name_each_axis_once(random):
    points, labels = course(random, classes=10)
    figure = figures.latent_steps(figures.Trajectories(points, labels, DIGITS, range(4), [0.431, 0.122]))
    (legend,) = (axes.get_legend() for axes in figure.axes if axes.get_legend())
    assert [text.get_text() for text in legend.get_texts()] == DIGITS
    assert sum("43.1%" in text for text in texts(figure)) == 1
    assert sum("12.2%" in text for text in texts(figure)) == 1


@pytest.mark.parametrize("names", [DIGITS, LETTERS, [f"class {i}" for i in range(47)]])
@pytest.mark.parametrize("epochs", [1, 4, 12])
def test_the_legend_of_latent_steps_lies_right_of_all_panels(random, names, epochs):
    points, labels = course(random, epochs=epochs, classes=len(names))
    figure = figures.latent_steps(figures.Trajectories(points, labels, names, range(epochs)))
    (legend,) = (axes.get_legend() for axes in figure.axes if axes.get_legend())
    figure.draw_without_rendering()
    box = legend.get_window_extent()
    assert max(axes.get_window_extent().x1 for axes in figure.axes) <= box.x0
    assert box.x1 <= figure.bbox.width
    assert box.y0 >= 0


def test_latent_steps_count_what_lies_outside(random):
    points, labels = course(random)
    points[1, :2], points[3, 0] = 1e4, np.nan
    figure = figures.latent_steps(figures.Trajectories(points, labels, ["first", "second", "third"], range(4)))
    notes = [[text.get_text() for text in axes.texts if "not shown" in text.get_text()] for axes in figure.axes]
    assert notes == [[], ["2 of 200 points not shown"], [], ["1 of 200 points not shown"]]


def test_latent_steps_of_many_epochs_are_twelve(random):
    points, labels = course(random, epochs=30, count=40)
    figure = figures.latent_steps(figures.Trajectories(points, labels, ["a", "b", "c"], range(1, 31)))
    assert len(figure.axes) == 12
    assert figure.axes[-1].get_title(loc="left") == "epoch 30"


def test_one_dimension_is_shown_as_densities(random):
    points, labels = course(random, classes=10, dimensions=1)
    figure = figures.latent_steps(figures.Trajectories(points, labels, DIGITS, range(4)))
    named = [[text.get_text() for text in axes.get_yticklabels()] for axes in figure.axes]
    assert named == [DIGITS, [], DIGITS, []]  # at the left of each row
    assert not any(axes.get_legend() for axes in figure.axes)
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


def test_points_must_fit_the_epochs(random):
    points, labels = course(random)
    with pytest.raises(ValueError, match=r"points have shape \[4, 200, 2\]; expected \[3 epochs, N, 1 or 2\]"):
        figures.Trajectories(points, labels, ["a", "b", "c"], [1, 2, 3])
    with pytest.raises(ValueError, match=r"points have shape \[200, 2\]"):
        figures.Trajectories(points[0], labels, ["a", "b", "c"], [1])
    with pytest.raises(ValueError, match="labels run from 0 to 2; there are 2 class names"):
        figures.Trajectories(points, labels, ["a", "b"], range(4))


def test_robust_limits_leave_out_what_lies_far_from_its_own_set(random):
    heap, wide = random.normal(size=(500, 2)), 30 * random.normal(size=(500, 2))
    assert robust_limits([heap]) == square_limits(heap)
    assert inside(wide, robust_limits([heap, wide])).mean() > 0.99  # wide, but all of it is
    strayed = np.vstack([heap, [[1000.0, 1000.0]]])
    assert np.ptp(robust_limits([strayed])[0]) < 12
    assert inside(heap, robust_limits([strayed])).all()
    assert robust_limits([np.full((3, 2), np.nan)]) == ((-1, 1), (-1, 1))


def test_names_are_written_among_the_points_only_where_they_have_room(random):
    labels = np.arange(100) % 10
    spread = np.stack([labels % 4, labels // 4], axis=1) + 0.1 * random.normal(size=(100, 2))
    figure = figures.latent_steps(figures.Trajectories(np.stack([1e-3 * spread, spread]), labels, DIGITS, [0, 1]))
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [[], DIGITS]


# The film


@pytest.mark.parametrize("count", [1, 2, 13, 30, 50])
def test_a_film_moves_through_all_epochs_slowly_near_each(count):
    moments = eased(count)
    assert (moments[0], moments[-1]) == (0, count - 1)
    assert set(range(count)) <= set(moments)
    steps = np.diff(moments)
    assert (steps > 0).all()
    assert len(moments) <= FRAMES
    if count > 1:
        assert len(moments) >= 3 * (count - 1)
        assert steps[0] < 0.95 * steps.max()


@pytest.mark.parametrize("epochs", [3, EPOCHS + 1, 4 * EPOCHS])
def test_a_film_is_short_square_and_plays_for_ever(random, epochs):
    points, labels = course(random, epochs=epochs, count=30)
    image = Image.open(
        io.BytesIO(figures.latent_film(figures.Trajectories(points, labels, ["a", "b", "c"], range(epochs))))
    )
    assert image.size == (SIDE, SIDE) == (480, 480)
    assert image.info["loop"] == 0
    assert 2 * (min(epochs, EPOCHS) - 1) < image.n_frames <= FRAMES
    durations = []
    for number in range(image.n_frames):
        image.seek(number)
        durations.append(image.info["duration"])
    assert durations[-1] > 10 * min(durations)


def test_points_of_a_film_travel_from_place_to_place(random):
    heap = 0.3 * random.normal(size=(300, 2))
    points = np.stack([heap - 3, heap + 3])
    labels = np.zeros(300, int)
    frames = frames_of(figures.latent_film(figures.Trajectories(points, labels, ["all"], [0, 1])))
    places = np.array([middle_of(frame, 0, 1) for frame in frames])
    assert (np.diff(places[:, 0]) > 0).all()  # rightwards
    assert (np.diff(places[:, 1]) < 0).all()  # upwards
    halfway = places[len(places) // 2]
    assert np.allclose(halfway, (places[0] + places[-1]) / 2, atol=6)


def test_only_points_and_the_epoch_change_in_a_film(random):
    points, labels = course(random, epochs=5, classes=3)
    frames = frames_of(
        figures.latent_film(figures.Trajectories(points, labels, ["first", "second", "third"], [0, 1, 2, 4, 8]))
    )
    below, left = [frame[-75:] for frame in frames], [frame[36:, :60] for frame in frames]
    assert all(np.array_equal(part, below[0]) for part in below)  # axis and legend
    assert all(np.array_equal(part, left[0]) for part in left)
    heads = {frame[:34].tobytes() for frame in frames}
    assert len(heads) == 5


def test_class_colours_stay_true_in_a_film(random):
    points, labels = course(random, epochs=2, count=260, classes=26)
    for frame in frames_of(figures.latent_film(figures.Trajectories(points, labels, LETTERS, [0, 1])))[::6]:
        shown = {tuple(color) for color in frame[-75:].reshape(-1, 3).tolist()}  # the legend's dots
        assert {tuple(np.rint(color * 255).astype(int).tolist()) for color in class_colors(26)} <= shown


def test_a_stray_point_does_not_shrink_a_film(random):
    points, labels = course(random, epochs=3, count=300, classes=1)
    strayed = points.copy()
    strayed[0, 0] = 1e4
    frames = [
        frames_of(figures.latent_film(figures.Trajectories(some, labels, ["all"], range(3))))[-1]
        for some in (points, strayed)
    ]
    inked = [(frame[40:430, 80:460] < 200).any(axis=-1).mean() for frame in frames]
    assert inked[1] > 0.6 * inked[0]


def test_a_line_becomes_a_row_for_each_class(random):
    points = np.zeros((2, 90, 1))
    labels = np.arange(90) % 3
    points[1, :, 0] = [-2, 0, 2] * 30
    points += 0.05 * random.normal(size=points.shape)
    last = frames_of(figures.latent_film(figures.Trajectories(points, labels, ["a", "b", "c"], [0, 1])))[-1]
    places = np.array([middle_of(last, label, 3) for label in range(3)])
    assert (np.diff(places[:, 0]) > 0).all()
    assert (np.diff(places[:, 1]) > 50).all()  # the first class is on top


def test_a_film_of_one_epoch_is_a_picture(random):
    points, labels = course(random, epochs=1)
    assert len(frames_of(figures.latent_film(figures.Trajectories(points, labels, ["a", "b", "c"], [3])))) == 1


def test_equal_points_give_the_same_film(random):
    points, labels = course(random, count=60)
    assert (
        len({figures.latent_film(figures.Trajectories(points, labels, ["a", "b", "c"], range(4))) for _ in range(2)})
        == 1
    )


def test_points_that_are_no_numbers_are_left_out(random):
    points, labels = course(random)
    points[1, ::2] = np.nan
    assert len(frames_of(figures.latent_film(figures.Trajectories(points, labels, ["a", "b", "c"], range(4))))) > 10
    assert rendered(figures.latent_steps(figures.Trajectories(points, labels, ["a", "b", "c"], range(4)))).std() > 5


def test_a_gif_gives_back_its_exact_colours_and_comes_near_the_others(random):
    exact = np.array([[255, 255, 255], [17, 119, 238], [255, 136, 136]], np.uint8)
    shades = noise(random, 30, 30, 3)
    shades[0, :3] = exact
    (frame,) = frames_of(gif([shades], [100], exact))
    assert np.array_equal(frame[0, :3], exact)
    assert np.abs(frame.astype(int) - shades).mean() < 25


# All of them


def test_no_text_leaves_these_figures(random):
    fashion = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    for figure in (
        figures.reconstructions_by_epoch(noise(random, 2, 8, 8, 1), noise(random, 3, 2, 8, 8, 1), [0, 10, 1000]),
        figures.latent_steps(figures.Trajectories(*course(random, classes=10), fashion, range(4), [0.4, 0.2])),
        figures.latent_steps(figures.Trajectories(*course(random, classes=10, dimensions=1), fashion, range(4))),
        figures.latent_steps(figures.Trajectories(*course(random, classes=26, epochs=1), LETTERS, [1])),
        figures.latent_steps(figures.Trajectories(*course(random, classes=26, dimensions=1), LETTERS, range(4))),
    ):
        box = figure.get_tightbbox(figure.canvas.get_renderer())
        width, height = figure.get_size_inches()
        assert (box.x0 >= 0, box.y0 >= 0, box.x1 <= width, box.y1 <= height) == (True,) * 4


@pytest.mark.parametrize(("names", "dimensions"), [(DIGITS, 2), (LETTERS, 2), (LETTERS, 1), (["a longer name"] * 3, 2)])
def test_the_edge_of_a_film_stays_white(random, names, dimensions):
    points, labels = course(random, epochs=2, classes=len(names), dimensions=dimensions)
    for frame in frames_of(
        figures.latent_film(figures.Trajectories(points / 50, labels, names, [0, 1000], [0.4, 0.2]))
    )[::6]:
        edge = np.concatenate([frame[:3].ravel(), frame[-3:].ravel(), frame[:, :3].ravel(), frame[:, -3:].ravel()])
        assert (edge == 255).all()
