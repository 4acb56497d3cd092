"""Annealed importance sampling: a bracket around −log p(x) that closes, in a model whose −log p(x) is known."""

import numpy as np
import pytest
from linear_gaussian import SHAPE, Exact, data_of, noise_images, settings

from pipeline.data.random_stream import random_stream
from pipeline.evaluation import annealing as module
from pipeline.evaluation.annealing import Annealing
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.evaluation import Evaluation
from pipeline.latent import encoding
from pipeline.latent.encoding import encode
from pipeline.models.likelihood import SquaredError

EXACT = Exact()
IMAGES = noise_images(40)


def evaluated(vae, **changed) -> Evaluation:
    return evaluate(vae, data_of(IMAGES), settings(**changed))


def test_with_the_true_posterior_the_bracket_is_closed() -> None:
    found = evaluated(EXACT.vae(), annealing_steps=5)
    assert found.nll_ais == pytest.approx(EXACT.nll(IMAGES).mean(), abs=1e-3)
    assert found.nll_ais_standard_error == pytest.approx(EXACT.nll(IMAGES).std(ddof=1) / np.sqrt(40), rel=1e-3)
    assert found.bdmc_gap == pytest.approx(0, abs=1e-3)


def test_the_bracket_encloses_the_truth_and_closes_with_more_steps() -> None:
    vae, truth = EXACT.vae(shift=1.0, widening=0.3), EXACT.nll(IMAGES).mean()
    wide, narrow = (evaluated(vae, annealing_steps=steps) for steps in (1, 60))
    assert wide.nll_ais > truth + 2
    assert wide.nll_ais > narrow.nll_ais > truth - 0.1
    assert narrow.nll_ais < truth + 0.6
    assert wide.bdmc_gap > 10 > 1 > narrow.bdmc_gap > -0.05
    assert narrow.nll > narrow.nll_ais, "four importance samples are no match"


def test_images_that_are_drawn_have_their_likelihood_in_the_bracket() -> None:
    drawn: list[np.ndarray] = []

    class Listening(Annealing):
        def _log_weights(self, targets, *others, **more):
            drawn.append(targets.images)
            return super()._log_weights(targets, *others, **more)

    lower, upper = Listening(EXACT.vae(shift=1.0, widening=0.5), 5, 0).bracket(300)
    truth = EXACT.nll(255 * drawn[0])
    for below, above in ((lower, truth), (truth, upper)):
        error = (above - below).std() / np.sqrt(300)
        assert (above - below).mean() > 3 * error, "on average, clearly"


@pytest.mark.parametrize("steps", [2, 7])
def test_weights_have_the_mean_of_the_likelihood(steps: int) -> None:
    # One image many times over, so that its weights have a mean; the posterior is wider than the true one.
    image, vae = IMAGES[:2], EXACT.vae(shift=0.2, widening=2.0)
    bounds = Annealing(vae, steps, 0).nll(encode(vae, np.repeat(image[:1], 1500, axis=0)))
    ratios = np.exp(EXACT.nll(image)[0] - bounds)
    assert ratios.mean() == pytest.approx(1, abs=4 * ratios.std() / np.sqrt(1500))
    assert 0.005 < ratios.std() < 1


def test_steps_have_sizes_of_which_the_wanted_share_is_accepted() -> None:
    vae = EXACT.vae(shift=1.0, widening=0.3)
    chains, encoded = Annealing(vae, 60, 0), encode(vae, IMAGES)
    targets = module._targets(IMAGES / np.float32(255), encoded.mean, encoded.log_variance, None)
    sizes = chains._sizes(targets)
    accepted: list[float] = []
    chains._carry(targets, random_stream(1, "test"), sizes, heard=lambda _, share: accepted.append(share))
    assert len(accepted) == 59
    assert np.mean(accepted[20:]) == pytest.approx(module.ACCEPTED, abs=0.1)


def test_one_step_is_importance_sampling() -> None:
    vae = EXACT.vae(shift=0.3, widening=2.0)
    means = [evaluated(vae, annealing_steps=1, importance_samples=module.CHAINS, seed=seed) for seed in range(10)]
    difference = np.array([each.nll_ais - each.nll for each in means])
    assert difference.mean() == pytest.approx(0, abs=4 * difference.std() / np.sqrt(10))


def test_equal_seeds_give_equal_scores_and_nothing_else_changes() -> None:
    vae = EXACT.vae(shift=0.3, widening=2.0)
    first = evaluated(vae, annealing_steps=3, annealing_images=10)
    assert evaluated(vae, annealing_steps=3, annealing_images=10) == first
    plain, annealed = evaluated(vae).metrics(), first.metrics()
    of_annealing = {"test/nll_ais", "test/nll_ais_standard_error", "test/bdmc_gap"}
    assert {name: value for name, value in annealed.items() if name not in of_annealing} == plain
    assert annealed.keys() - plain.keys() == of_annealing


def test_chains_that_do_not_fit_at_once_are_run_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    vae = EXACT.vae()
    monkeypatch.setattr(encoding, "BATCH_VALUES", 30 * np.prod(SHAPE))
    found = evaluated(vae, annealing_steps=3)
    assert found.nll_ais == pytest.approx(EXACT.nll(IMAGES).mean(), abs=1e-3)
    assert found.bdmc_gap == pytest.approx(0, abs=1e-3)


def test_an_autoencoder_and_numbers_beyond_all_bounds_have_no_bracket() -> None:
    none = evaluated(EXACT.vae(sampling=False), annealing_steps=3)
    assert (none.nll_ais, none.bdmc_gap) == (None, None)
    lost = evaluated(EXACT.vae(shift=1e30), annealing_steps=3)
    assert (lost.nll_ais, lost.bdmc_gap) == (None, None)


def test_a_likelihood_of_ones_own_has_the_bound_alone() -> None:
    class Own(SquaredError.__base__):  # type: ignore[misc,name-defined]
        """A likelihood of a user's, of which nothing can be drawn."""

        def pixel_distortion(self, images, outputs):
            return (images - outputs) ** 2

        def mean(self, outputs):
            return outputs

    vae = EXACT.vae()
    vae.likelihood = Own()
    found = evaluated(vae, annealing_steps=3)
    assert found.nll_ais is not None
    assert found.bdmc_gap is None
