"""Active units, and what a run says of the others."""

import numpy as np
import pytest
from linear_gaussian import OBJECTIVE, PIXELS, data_of, linear_vae, noise_images, settings

from pipeline.evaluation.collapse import active_units, collapse_warning
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.evaluation import Evaluation
from pipeline.models.objectives.capacity import Capacity
from pipeline.models.objectives.mean_discrepancy import MeanDiscrepancy
from pipeline.models.objectives.weight_schedule import ByRate, Constant
from pipeline.models.objectives.weighted_elbo import WeightedElbo


def evaluated(factors: list[float], **objective) -> Evaluation:
    """Of a model whose posterior means are single pixels times these factors; a pixel's variance is about 1/12."""
    encoder = np.eye(PIXELS)[:, : len(factors)] * factors
    return evaluate(
        linear_vae(encoder=encoder, **objective), data_of(noise_images(500)), settings(importance_samples=1)
    )


def warning(active: int, units: int, rate: float = 1.0, **objective) -> str | None:
    return collapse_warning(active=active, units=units, rate=rate, objective=WeightedElbo(**OBJECTIVE | objective))


@pytest.mark.parametrize(("variance", "active"), [(0.009, 0), (0.011, 1)])
def test_a_unit_is_active_from_a_variance_of_a_hundredth(variance: float, active: int) -> None:
    means = np.sqrt(variance) * np.tile([[-1.0], [1.0]], (50, 1)) + 7
    assert active_units(means) == active


def test_units_that_vary_with_the_image_are_active() -> None:
    found = evaluated([1.0, 0.0, 0.4, 0.3, 2.0])  # variances 1/12 times 1, 0, 0.16, 0.09, 4
    assert found.active_units == 3
    assert found.collapsed == pytest.approx(0.4)
    assert "2 of 5 latent dimensions (40%) are not active" in found.warning
    assert "in the other 3" in found.warning
    assert "model.latent_dim=3" in found.warning


def test_a_constant_encoder_has_collapsed_wholly() -> None:
    found = evaluated([0.0, 0.0])
    assert (found.active_units, found.collapsed) == (0, 1.0)
    assert [found.rate, found.mutual_information, found.marginal_kl] == pytest.approx([0, 0, 0], abs=1e-12)
    assert "2 of 2 latent dimensions (100%) are not active" in found.warning
    assert "The rate is 0 nats." in found.warning
    assert "same picture for every image" in found.warning
    assert "model.latent_dim" not in found.warning


def test_where_all_units_are_active_nothing_is_said() -> None:
    assert evaluated([1.0, 1.0]).warning is None
    assert evaluated([1.0, 1.0]).collapsed == 0


def test_warning_says_the_settings_that_help_and_what_they_are() -> None:
    text = warning(1, 4, rate=0.0123456, beta=8.0, free_bits=0.25)
    assert "objective/schedule=warmup" in text
    assert "objective.free_bits (now 0.25)" in text
    assert "lower objective.beta (now 8)" in text
    assert "The rate is 0.0123 nats." in text


def test_without_distortion_collapse_is_the_aim() -> None:
    text = warning(0, 2, distortion_weight=0.0)
    assert "leaves the distortion out" in text
    assert "objective=vae" in text
    assert "objective.beta" not in text


def test_where_the_rate_is_free_beta_is_not_to_blame() -> None:
    text = warning(1, 2, beta=0.0)
    assert "training.epochs" in text
    assert "model.latent_dim=1" in text
    assert "objective.beta" not in text


def test_a_model_that_draws_nothing_is_not_warned_of() -> None:
    assert warning(0, 2, sampling=False) is None
    assert evaluated([0.0, 1.0], sampling=False).active_units == 1


def test_where_the_weight_holds_a_rate_it_is_that_rate_which_helps() -> None:
    text = warning(1, 4, schedule=ByRate(of=None, rate=5.0, proportional=0.01, integral=0.0001, least=0.0, most=1.0))
    assert text.endswith(
        "raise objective.schedule.rate (now 5). Or leave these dimensions out: set model.latent_dim=1."
    )
    assert "objective.beta" not in text


def test_another_objective_says_its_own_cure() -> None:
    objective = Capacity(schedule=Constant(of=None), capacity=5.0, gamma=2.0)
    text = collapse_warning(active=1, units=4, rate=1.0, objective=objective)
    assert text.endswith(f"To activate them, {Capacity.CURE}. Or leave these dimensions out: set model.latent_dim=1.")


def test_a_rate_of_no_weight_is_not_what_to_lower() -> None:
    objective = MeanDiscrepancy(schedule=Constant(of=None), beta=0.0, discrepancy_weight=100.0)
    text = collapse_warning(active=0, units=4, rate=0.0, objective=objective)
    assert "To activate them, lower objective.discrepancy_weight and objective.beta" in text
