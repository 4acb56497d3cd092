"""What of a model is drawn, when, and of which coordinates; the drawings themselves are in test_figures*."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from figure_parts import texts

from pipeline.config.build import build
from pipeline.config.names import Config
from pipeline.data.batches import as_floats
from pipeline.data.factors import Factor
from pipeline.data.images import ImageData, Split
from pipeline.errors import InputError
from pipeline.figures import Figure
from pipeline.latent.mixture import drawn_latents, fitted_mixture
from pipeline.latent.plane import PlaneSettings, plane_through
from pipeline.pictures.gallery import Gallery
from pipeline.pictures.settings import PictureSettings
from pipeline.pictures.snapshots import Snapshots

HISTORY = {"train/epoch/loss": [3.0, 2.0], "validation/epoch/loss": [3.0, 2.5]}
PLANE = {"spacing": "quantile", "count": 5, "x": None, "y": None}


@pytest.fixture
def data(blobs) -> ImageData:
    images = blobs(90)
    labels = np.arange(30, dtype=np.int64) % 3
    return ImageData("blobs", *(Split(images[i : i + 30], labels) for i in (0, 30, 60)), ("a", "b", "c"))


def settings(composed: Callable[..., Config], *overrides: str) -> PictureSettings:
    return build(composed(*overrides)["pictures"], "pictures", expected=PictureSettings)


def gallery(vae, data: ImageData, composed: Callable[..., Config], *overrides: str) -> Gallery:
    return Gallery(vae, data, settings(composed, *overrides), seed=0)


def test_a_finished_run_shows_everything_unless_told_otherwise(small_vae, data, composed, tmp_path: Path) -> None:
    vae = small_vae()
    all_of_it = gallery(vae, data, composed, "pictures.plane.count=3", "pictures.points=[[0,2.5],[1,1]]")
    course = Snapshots(vae, data.validation, tmp_path / "course")
    for epoch in (0, 1, 2):
        course.keep(epoch)
    before, after = all_of_it.before(), all_of_it.after(HISTORY, course)
    assert set(before) == {"data.png", "structure.png"}
    assert set(after) == {
        *(f"{name}.png" for name in ("reconstructions", "latent", "plane", "grid", "samples", "interpolations")),
        *("points.png", "losses.png", "evolution.png", "latent_steps.png"),
        *("latent_film.gif", "latent_interactive.html"),
    }
    for name, draw in (before | after).items():
        assert isinstance(draw(), {"png": Figure, "gif": bytes, "html": str}[name.rpartition(".")[2]]), name


def test_only_what_is_wanted_is_drawn(small_vae, data, composed) -> None:
    few = gallery(small_vae(), data, composed, "pictures=few")
    assert few.before() == {}
    assert set(few.after(HISTORY, None)) == {
        f"{n}.png" for n in ("reconstructions", "latent", "grid", "samples", "losses")
    }


def test_a_model_of_many_dimensions_shows_traversals_too(composed) -> None:
    from pipeline.runs.setup import Setup

    setup = Setup.from_config(composed("model.latent_dim=4", "model.hidden=[8]", "dataset.limit=60"))
    data = setup.dataset.load()
    drawn = gallery(setup.model_for(data), data, composed, "pictures.final=[traversals,points]").after(HISTORY, None)
    assert set(drawn) == {"traversals.png"}, "no points were given"


def test_a_plane_through_many_dimensions_says_so(composed) -> None:
    from pipeline.runs.setup import Setup

    setup = Setup.from_config(composed("model.latent_dim=4", "model.hidden=[8]", "dataset.limit=60"))
    data = setup.dataset.load()
    drawn = gallery(setup.model_for(data), data, composed, "pictures.final=[plane,grid,latent]").after({}, None)
    for draw in drawn.values():
        for axes in draw().axes:
            assert axes.get_xlabel().startswith("principal axis 1"), axes.get_title(loc="left")
            assert axes.get_ylabel().startswith("principal axis 2")


def test_where_factors_are_known_the_latents_are_shown_beside_them(composed) -> None:
    from pipeline.runs.setup import Setup

    few = ("dataset.source.sizes=1", "dataset.source.angles=4", "dataset.source.test=0.8")
    setup = Setup.from_config(composed("dataset=shapes", *few, "model.latent_dim=3", "model.hidden=[8]"))
    data = setup.dataset.load()
    shown = gallery(setup.model_for(data), data, composed, "pictures.final=[factors,traversals]")
    drawn = {name: draw() for name, draw in shown.after(HISTORY, None).items()}
    assert set(drawn) == {"factors.png", "traversals.png"}
    [cells] = drawn["factors.png"].axes
    varied = ["shape", "angle", "x", "y"]
    assert [label.get_text() for label in cells.get_xticklabels()] == varied
    latents = [label.get_text() for label in cells.get_yticklabels()]
    shares = cells.images[0].get_array()
    assert shares.shape == (len(latents), 4)
    assert [text.get_text() for text in cells.texts] == [f"{share:.2f}" for share in shares.reshape(-1)]
    named = {
        f"{latent}: {varied[row.argmax()]}" for latent, row in zip(latents, shares, strict=True) if row.max() >= 0.1
    }
    assert named
    assert named <= {label.get_text() for label in drawn["traversals.png"].axes[0].get_yticklabels()}
    card = shown.cards(data.test)["factors"]()
    assert (card.shape, card.dtype) == ((448, 448, 3), np.uint8)
    assert "factors" not in gallery(setup.model_for(data), replace(data, factors=()), composed).cards(data.test)


def test_latents_of_too_few_images_say_so(composed, small_vae, blobs) -> None:
    split = Split(blobs(40), np.zeros(40, int), np.arange(40)[:, None] % 4)
    data = ImageData("few", split, split, split, ("a",), (Factor("x", 4),))
    card = gallery(small_vae(), data, composed).cards(split)["factors"]()
    assert card.shape == (448, 448, 3)


def test_an_autoencoder_is_traversed_as_far_as_its_images_lie(small_vae, data, composed) -> None:
    means = np.random.default_rng(0).normal(40, 9, size=(500, 3))
    shown = gallery(small_vae(sampling=False, latent_dim=3), data, composed)._traversals(means, {})
    low, *_, high = [float(text.get_text()) for text in shown.axes[0].get_xticklabels()]
    np.testing.assert_allclose([low, high], np.quantile(means, (0.01, 0.99)), atol=1)


@pytest.mark.parametrize("shape", [(32, 32, 3), (20, 32, 3)])
def test_colour_images_also_not_square_are_drawn_everywhere(composed, tmp_path: Path, shape) -> None:
    from pipeline.runs.setup import Setup

    images = np.random.default_rng(0).integers(0, 256, (60, *shape), np.uint8)
    split = Split(images, np.arange(60, dtype=np.int64) % 2)
    data = ImageData("noise", split, split, split, ("one", "two"))
    vae = Setup.from_config(composed("model=conv", "model.latent_dim=3")).model_for(data)
    drawn = gallery(vae, data, composed, "pictures.plane.count=3", "pictures.points=[[0,0,1]]")
    course = Snapshots(vae, data.validation, tmp_path / "course")
    course.keep(0)
    assert len([draw() for draw in (drawn.before() | drawn.after(HISTORY, course)).values()]) == 15
    assert min(draw().shape[0] for draw in drawn.cards(data.test).values()) > 300


def test_cards_are_of_the_same_images_every_time(small_vae, data, composed) -> None:
    first, again = (gallery(small_vae(), data, composed).cards(data.test) for _ in range(2))
    assert all(np.array_equal(first[name](), again[name]()) for name in first)


def test_what_is_decoded_in_parts_equals_what_is_decoded_at_once(small_vae, data, composed) -> None:
    vae = small_vae()
    latents = np.random.default_rng(0).normal(size=(3, 211, 2)).astype("float32")
    decoded = gallery(vae, data, composed).decoded(latents)
    assert decoded.shape == (3, 211, 8, 8, 1)
    np.testing.assert_allclose(decoded[2, 5], np.asarray(vae.decode(latents[2, 5:6]))[0], atol=1e-6)


def test_even_coordinates_have_the_ends_that_are_asked_for() -> None:
    means = np.random.default_rng(0).normal(size=(500, 2))
    plane = PlaneSettings(spacing="even", count=5, x=[-2.0, 2.0], y=[-1.0, 3.0])
    view = plane_through(means, plane, prior=True)
    np.testing.assert_allclose(view.x, [-2, -1, 0, 1, 2])
    np.testing.assert_allclose(view.y, [-1, 0, 1, 2, 3])
    np.testing.assert_allclose(view.latents[4, 0], [-2, 3])


def test_without_a_prior_or_ends_the_coordinates_reach_as_far_as_the_images() -> None:
    means = np.random.default_rng(0).normal(30, 9, size=(500, 2))
    for settings_, prior in ((PlaneSettings(**PLANE), False), (PlaneSettings(**PLANE | {"spacing": "even"}), True)):
        view = plane_through(means, settings_, prior=prior)
        np.testing.assert_allclose(view.x[[0, -1]], np.quantile(means[:, 0], (0.01, 0.99)))
    assert abs(plane_through(means, PlaneSettings(**PLANE), prior=True).x).max() < 2.4


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["pictures.points=[[0,1,2]]"], "pictures.points: [0.0, 1.0, 2.0] has 3 coordinates, the latent space has 2"),
        (["pictures.pairs=[[0,30]]"], "pictures.pairs: there is no test image 30; there are 30, counted from 0"),
    ],
)
def test_pictures_that_cannot_be_drawn_are_refused_before_the_training(composed, overrides, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        settings(composed, *overrides).check(latent_dim=2, tested=30)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("pictures.plane.x=[2,-2]", ["pictures.plane.x=[2,-2]: expected the lower end before the upper one"]),
        (
            "pictures.plane.count=0",
            ["pictures.plane.count=0: expected a number greater than 0", "pictures.plane.count=15"],
        ),
        ("pictures.final=[latnet]", ["pictures.final=[latnet]: expected", "'latent'"]),
        ("pictures.plane.spacing=odd", ["'quantile' or 'even'"]),
        ("pictures.points=[0,2.5]", ["pictures.points=[0,2.5]: expected", "pictures.points=[[0,2.5]]"]),
    ],
)
def test_wrong_settings_are_named_with_an_example(composed, override: str, words: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        settings(composed, override)
    for word in words:
        assert word in str(refused.value)


def test_a_course_that_is_resumed_keeps_each_epoch_once(small_vae, data, tmp_path: Path) -> None:
    vae, folder = small_vae(), tmp_path / "course"
    Snapshots(vae, data.validation, folder).keep(0)
    Snapshots(vae, data.validation, folder).keep(1)
    vae.encoder.weights[0].assign(vae.encoder.weights[0] * 2)
    resumed = Snapshots(vae, data.validation, folder)
    resumed.keep(1)
    kept = resumed.course()
    assert kept.epochs == [0, 1]
    assert kept.means.shape == (2, 30, 2)
    assert kept.reconstructions.shape == (2, 10, 8, 8, 1)
    means = np.asarray(vae.posterior(as_floats(data.validation.images)).mean)
    np.testing.assert_allclose(kept.means[1], means, atol=1e-6)
    assert abs(kept.means[0] - kept.means[1]).max() > 1e-3
    resumed.forget()
    assert not folder.exists()


def test_the_fitted_density_has_the_moments_of_the_aggregate_posterior(small_vae, blobs) -> None:
    vae = small_vae()
    vae.encoder.get_layer("log_variance").kernel.assign(0 * vae.encoder.get_layer("log_variance").kernel)
    images = blobs(3000)
    means = np.asarray(vae.posterior(as_floats(images)).mean)
    mixture = fitted_mixture(vae, images, components=3, seed=0)
    drawn = drawn_latents(mixture, 20_000, seed=1)
    np.testing.assert_allclose(drawn.mean(axis=0), means.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(means.T) + np.eye(2), atol=0.1)  # log variance 0: one more
    halves = drawn[:10_000].mean(axis=0), drawn[10_000:].mean(axis=0)
    np.testing.assert_allclose(*halves, atol=0.06)
    assert np.array_equal(drawn, drawn_latents(fitted_mixture(vae, images, components=3, seed=0), 20_000, seed=1))


@pytest.mark.parametrize(("classes", "shape"), [(2, (20, 32, 3)), (30, (8, 8, 1))])
def test_a_conditional_model_shows_what_it_makes_of_each_class(composed, classes: int, shape) -> None:
    from pipeline.runs.setup import Setup

    images = np.random.default_rng(0).integers(0, 256, (90, *shape), np.uint8)
    split = Split(images, np.arange(90, dtype=np.int64) % classes)
    data = ImageData("noise", split, split, split, tuple(f"class {label}" for label in range(classes + 1)))
    own = ("model.conditional=true", "model.hidden=[8]", "model.latent_dim=3", "pictures.final=null")
    vae = Setup.from_config(composed(*own)).model_for(data)
    shown = gallery(vae, data, composed, "pictures.plane.count=3", "pictures.points=[[0,0,1]]")
    assert shown.by_class.labels.tolist() == list(range(min(classes, 20))), "the class without images is not shown"
    drawn = {name: draw() for name, draw in shown.after(HISTORY, None).items()}
    assert {"classes.png", "grid.png", "samples.png", "points.png", "traversals.png"} <= set(drawn)
    titles = {name: " ".join(texts(figure)) for name, figure in drawn.items() if isinstance(figure, Figure)}
    assert "Samples of each class" in titles["samples.png"]
    assert "Latent traversals as class class 0" in titles["traversals.png"]
    assert "Decoded at the crosses as class class 0" in titles["plane.png"]
    assert "as the class of the nearer end" in titles["interpolations.png"]
    assert all(name in titles["classes.png"] for name in shown.by_class.names[:2])
    cards = {name: draw() for name, draw in shown.cards(split).items()}
    assert all(card.shape == (len(card), len(card), 3) and len(card) <= 1024 for card in cards.values())
