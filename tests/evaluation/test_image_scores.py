"""The scores of single images: they are those that an evaluation is the mean of, and a file of them is small."""

import numpy as np
import pandas as pd
import pytest
from linear_gaussian import data_of, noise_images, settings

from pipeline.errors import InputError
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.image_scores import OF_AN_IMAGE, ImageScores, image_table, posterior_draws
from pipeline.latent.encoding import encode


def scored(number: int = 10, **changed) -> ImageScores:
    """Scores of nobody's images."""
    values = np.random.default_rng(0).normal(size=(5, number))
    origin = {"split": "test", "fingerprint": "f", "likelihood": "Bernoulli", "seed": 0, "importance_samples": 5}
    return ImageScores(table=image_table(*values), **origin | changed)


def test_an_evaluation_is_the_mean_over_its_images(small_vae, blobs) -> None:
    labels = np.arange(60) % 3
    evaluated = evaluate(small_vae(), data_of(blobs(60), labels=labels), settings(nll_images=None))
    table = evaluated.images.table
    for score in OF_AN_IMAGE:
        assert evaluated.images.values(score).mean() == pytest.approx(getattr(evaluated, score), rel=1e-6)
        assert table[score].dtype == np.float32
        assert table[score].nunique() == 60
    np.testing.assert_allclose(table["elbo"], -(table["rate"] + table["distortion"]), rtol=1e-6)
    assert table["label"].tolist() == labels.tolist()
    assert table.index.tolist() == list(range(60))


def test_the_bound_is_known_of_the_images_that_it_was_computed_of(small_vae, blobs) -> None:
    vae, data = small_vae(), data_of(blobs(60))
    whole, some = (evaluate(vae, data, settings(nll_images=number)).images.table["nll"] for number in (None, 20))
    assert whole.notna().all()
    assert some.notna().sum() == 20
    assert "nll" not in evaluate(vae, data, settings(importance_samples=None)).images.table
    assert "nll" not in evaluate(small_vae(sampling=False), data, settings()).images.table


def test_scores_say_what_they_are_of(small_vae, blobs) -> None:
    data = data_of(blobs(9))
    images = evaluate(small_vae(), data, settings(split="validation", seed=3)).images
    assert (images.name, len(images.table)) == ("validation_scores.parquet", 3)
    assert (images.split, images.fingerprint, images.likelihood) == ("validation", data.fingerprint, "Bernoulli")
    assert (images.seed, images.importance_samples) == (3, 4)


def test_a_file_is_read_as_it_was_written_and_small() -> None:
    images = scored(10_000)
    again = ImageScores.read(images.parquet, "a file")
    pd.testing.assert_frame_equal(again.table, images.table)
    assert vars(again) | {"table": 0} == {name: vars(images)[name] for name in vars(again)} | {"table": 0}
    assert again.parquet == images.parquet == scored(10_000).parquet, "equal scores give equal bytes"
    assert len(images.parquet) < 24 * 10_000


def test_images_are_paired_where_data_split_likelihood_and_measure_are_the_same() -> None:
    images = scored()
    assert images.measure("nll") == scored(seed=7).measure("nll"), "of latents, not of images"
    for other in ({"fingerprint": "g"}, {"likelihood": "Gaussian"}, {"split": "validation"}):
        assert images.measure("elbo") != scored(**other).measure("elbo")
    assert images.measure("mse") == scored(likelihood="Gaussian").measure("mse"), "no probability"
    assert images.measure("elbo") != scored(9).measure("elbo")
    more = scored(importance_samples=50)
    assert images.measure("elbo") == more.measure("elbo")
    assert images.measure("nll") != more.measure("nll"), "more samples give a lower bound"


def test_a_file_that_has_no_scores_is_refused_with_the_cure() -> None:
    without = scored().table.drop(columns="mse").to_parquet(None)
    for content in (b"", b"PAR1", scored().parquet[:-9], without, scored().table.to_parquet(None)):
        with pytest.raises(InputError, match=r"a file is damaged \(.*\)\. Evaluate the run again"):
            ImageScores.read(content, "a file")


@pytest.mark.parametrize("sampling", [True, False])
def test_latents_of_an_autoencoder_are_its_means_and_others_have_noise(small_vae, sampling: bool) -> None:
    vae = small_vae(sampling=sampling)
    encoded = encode(vae, noise_images(50, (8, 8, 1)))
    noise, latents = posterior_draws(vae, encoded, 0)
    spread = np.exp(encoded.log_variance / 2) * noise if sampling else 0
    np.testing.assert_allclose(latents, encoded.mean + spread, rtol=1e-5, atol=1e-6)
