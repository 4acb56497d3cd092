"""The loss of a split, by its definition, for each kind of objective."""

import numpy as np
import pytest
from linear_gaussian import Exact, data_of, noise_images, settings
from passes import made

from pipeline.evaluation import mean_loss
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.mean_loss import BATCH
from pipeline.latent import encoding
from pipeline.models.objectives.capacity import Capacity
from pipeline.models.objectives.dip import DisentangledInferredPrior
from pipeline.models.objectives.importance_weighted import ImportanceWeighted
from pipeline.models.objectives.mean_discrepancy import MeanDiscrepancy
from pipeline.models.objectives.objective import Objective
from pipeline.models.objectives.regularised import Regularised, weight_penalty
from pipeline.models.objectives.total_correlation import TotalCorrelation
from pipeline.models.objectives.weight_schedule import ByRate
from pipeline.models.objectives.weighted_elbo import WeightedElbo
from pipeline.models.vae import VAE

IMAGES = noise_images(1203, (8, 8, 1))


def evaluated(small_vae, objective: Objective):
    vae = small_vae(objective=objective)
    return vae, evaluate(vae, data_of(IMAGES), settings())


def test_a_capacity_costs_what_the_rate_is_away_from_it(small_vae) -> None:
    _, found = evaluated(small_vae, made(Capacity, capacity=3.0, gamma=10.0))
    assert found.loss == pytest.approx(found.distortion + 10 * abs(found.rate - 3), rel=1e-5)


def test_a_controller_has_the_weight_that_it_came_to(small_vae) -> None:
    control = ByRate(of=None, rate=5.0, proportional=0.1, integral=0.1, least=0.0, most=9.0)
    settings_of = {"beta": 1.0, "distortion_weight": 1.0, "free_bits": 0.0, "sampling": True}
    vae = small_vae(objective=WeightedElbo(**settings_of, schedule=control))
    vae.weight.assign(2.5)
    found = evaluate(vae, data_of(IMAGES), settings())
    assert found.loss == pytest.approx(found.distortion + 2.5 * found.rate, rel=1e-5)


def test_more_latents_bring_the_loss_below_the_elbo(small_vae) -> None:
    _, one = evaluated(small_vae, made(ImportanceWeighted, beta=1.0, samples=1))
    _, many = evaluated(small_vae, made(ImportanceWeighted, beta=1.0, samples=20))
    assert one.loss == pytest.approx(-one.elbo, rel=1e-6)
    assert many.loss < one.loss
    assert many.elbo == one.elbo


def test_with_the_true_posterior_the_loss_of_any_number_of_latents_is_the_likelihood() -> None:
    """Each latent has a distortion of its own, so that every weight is p(image)."""
    exact = Exact()
    known = exact.vae()
    objective = made(ImportanceWeighted, beta=1.0, samples=7)
    vae = VAE(encoder=known.encoder, decoder=known.decoder, likelihood=known.likelihood, objective=objective)
    images = noise_images(60)
    assert evaluate(vae, data_of(images), settings()).loss == pytest.approx(exact.nll(images).mean(), rel=1e-4)


def test_images_are_compared_with_each_other_in_parts_of_equal_size(small_vae) -> None:
    """The sum of the three parts of the rate is that of its samples, however many images are compared."""
    _, found = evaluated(small_vae, made(TotalCorrelation, beta=1.0, information_weight=1.0, dimensionwise_weight=1.0))
    assert found.loss == pytest.approx(-found.elbo, abs=4 * np.sqrt(2 / len(IMAGES)))


def test_a_covariance_is_one_of_a_part_and_not_of_all_images(small_vae) -> None:
    """Two parts of equal images have none, though one part differs from the other: as in training, by batches."""
    vae = small_vae(
        objective=made(DisentangledInferredPrior, beta=1.0, off_diagonal=2.0, diagonal=5.0, of_latents=False)
    )
    found = evaluate(vae, data_of(np.repeat(IMAGES[:2], BATCH, axis=0)), settings())
    assert found.loss == pytest.approx(5 * vae.latent_dim - found.elbo, rel=1e-5)


def test_parts_of_one_image_are_all_counted_alike(small_vae, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mean_loss, "BATCH", 1)
    vae = small_vae(
        objective=made(DisentangledInferredPrior, beta=1.0, off_diagonal=2.0, diagonal=5.0, of_latents=False)
    )
    found = evaluate(vae, data_of(IMAGES[:3]), settings())
    assert found.loss == pytest.approx(-found.elbo, rel=1e-6), "one image has no covariance"


def test_a_loss_that_is_no_mean_over_images_is_that_of_all_images_at_once(small_vae, monkeypatch) -> None:
    """The distance of the mean rate from a capacity, of which parts of the images have larger ones."""
    vae = small_vae(objective=made(Capacity, capacity=1.0, gamma=10.0))
    vae = small_vae(objective=made(Capacity, capacity=evaluate(vae, data_of(IMAGES), settings()).rate, gamma=10.0))
    monkeypatch.setattr(encoding, "BATCH_VALUES", 7 * 64)
    found = evaluate(vae, data_of(IMAGES), settings())
    assert found.loss == pytest.approx(found.distortion, rel=1e-5)


def test_a_discrepancy_of_no_weight_costs_nothing(small_vae) -> None:
    _, found = evaluated(small_vae, made(MeanDiscrepancy, beta=0.5, discrepancy_weight=0.0))
    assert found.loss == pytest.approx(found.distortion + 0.5 * found.rate, rel=1e-5)


def test_a_penalty_of_the_decoder_is_added_once(small_vae) -> None:
    vae, found = evaluated(small_vae, made(Regularised, beta=0.0, decoder_weight=3.0, penalty="weights"))
    assert found.loss == pytest.approx(found.distortion + 3 * float(weight_penalty(vae.decoder)), rel=1e-5)
