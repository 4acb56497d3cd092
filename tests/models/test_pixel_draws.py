"""Images drawn from likelihoods have their mean, and the distribution that distortions say."""

from typing import Any

import numpy as np
import pytest
import scipy.stats

from pipeline.data.random_stream import random_stream
from pipeline.models.likelihood import Bernoulli, ContinuousBernoulli, Gaussian, Likelihood, SquaredError
from pipeline.models.optimal_gaussian import OptimalGaussian
from pipeline.models.pixel_draws import drawn_images

LOGITS = (-30.0, -3.0, -0.1, 0.0, 1e-4, 0.7, 2.0, 30.0)


def drawn(likelihood: Likelihood, output: float, number: int = 4000) -> np.ndarray:
    outputs = np.full((number, 1, 1, 1), output, "float32")
    images = drawn_images(likelihood, outputs, random_stream(0, "test"))
    assert images is not None
    assert images.dtype == np.float32
    assert images.shape == outputs.shape
    return images.ravel().astype(float)


@pytest.mark.parametrize("output", LOGITS)
@pytest.mark.parametrize(
    "likelihood",
    [
        Bernoulli(),
        ContinuousBernoulli(),
        Gaussian(scale=0.3, learned=False, link="sigmoid"),
        OptimalGaussian(link="identity", memory=0.9),
        SquaredError(link="identity"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_draws_have_the_mean_of_the_likelihood(likelihood: Likelihood, output: float) -> None:
    images = drawn(likelihood, output)
    expected = float(np.ravel(likelihood.mean(np.full((1, 1, 1, 1), output, "float32")))[0])
    assert images.mean() == pytest.approx(expected, abs=4.5 * images.std() / np.sqrt(len(images)) + 1e-6)


@pytest.mark.parametrize("output", LOGITS)
def test_draws_of_the_continuous_bernoulli_follow_its_density(output: float) -> None:
    grid = np.linspace(0, 1, 20001)
    outputs = np.full((len(grid), 1, 1, 1), output, "float32")
    density = np.exp(-np.ravel(ContinuousBernoulli()(grid.reshape(-1, 1, 1, 1).astype("float32"), outputs)))
    below = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))])
    test = scipy.stats.kstest(drawn(ContinuousBernoulli(), output), lambda at: np.interp(at, grid, below))
    assert test.pvalue > 1e-4


def test_draws_of_gaussians_have_their_scale() -> None:
    for likelihood, scale in (
        (Gaussian(scale=0.3, learned=True, link="identity"), 0.3),
        (SquaredError(link="sigmoid"), np.sqrt(0.5)),
    ):
        assert drawn(likelihood, 0.2).std() == pytest.approx(scale, rel=0.05)
    assert set(drawn(Bernoulli(), 0.2)) == {0.0, 1.0}


def test_nothing_is_drawn_of_what_nobody_has_said_how() -> None:
    class Own(Likelihood):
        """A likelihood of a user's."""

    class Flattened(Bernoulli):
        """A likelihood with distortions of its own, which are not those of the class that it derives from."""

        def pixel_distortion(self, images: Any, outputs: Any) -> Any:
            return super().pixel_distortion(images, 0.5 * outputs)

    class Named(Bernoulli):
        """A likelihood with the distortions that it inherits."""

    outputs = np.zeros((1, 1, 1, 1), "float32")
    drawn_or_not = [drawn_images(each(), outputs, random_stream(0, "test")) for each in (Own, Flattened, Named)]
    assert [each is None for each in drawn_or_not] == [True, True, False]
