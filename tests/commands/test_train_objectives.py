"""Objectives through the real command, on the real data."""

import math

import pytest
from checkout import Checkout
from data_files import real_data

pytestmark = pytest.mark.slow

ON_MNIST = (
    *("dataset=mnist", "dataset.limit=6000", "training.epochs=8", "training.patience=null", "model.latent_dim=8"),
    *("pictures=few", "evaluation=brief"),
)


@real_data
@pytest.mark.parametrize(
    "objective",
    [
        ("objective=control", "objective.schedule.rate=20"),
        ("objective=capacity", "objective.capacity=20", "objective.schedule.epochs=3"),
    ],
    ids=lambda typed: typed[0],
)
def test_the_rate_arrives_at_what_is_wanted_within_a_nat(checkout: Checkout, objective: tuple[str, ...]) -> None:
    experiment = objective[0].partition("=")[2]
    done = checkout.train(*ON_MNIST, *objective, f"tracking.experiment={experiment}")
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs(experiment)
    assert run.data.metrics["test/rate"] == pytest.approx(20, abs=1)
    assert run.data.metrics["train/epoch/rate"] == pytest.approx(20, abs=1)
    assert run.data.metrics["test/active_units"] == 8, "a rate that tells nothing of the image would be no success"


def test_codes_are_learned_and_sampled_from_a_fitted_density(checkout: Checkout) -> None:
    """By convolutions, too, whose decoder begins with ReLUs."""
    codes = ("model=conv", "model.levels=5", "model.latent_dim=4", "pictures=few", "tracking.experiment=codes")
    refused = checkout.train(*codes)
    assert refused.returncode == 2
    assert "model.levels=5: latents that are rounded to codes are not drawn" in refused.stderr
    assert "Set objective=autoencoder, or model.levels=null" in refused.stderr
    done = checkout.train(*codes, "objective=autoencoder", "training.epochs=10", "training.patience=null")
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs("codes")
    assert run.data.metrics["test/rate"] == pytest.approx(4 * math.log(5))
    assert run.data.metrics["test/active_units"] == 4
    assert run.data.metrics["test/mse"] < 0.05, "the mean image has 0.067"
    prior = checkout.run("pipeline.generate", f"run={run.info.run_id}")
    assert prior.returncode == 2
    assert "Set what.density=mixture" in prior.stderr
    drawn = checkout.run(
        "pipeline.generate", f"run={run.info.run_id}", "what.density=mixture", f"out={checkout.root}/drawn"
    )
    assert drawn.returncode == 0, drawn.stderr
    assert (checkout.root / "drawn" / "samples.png").exists()


def test_a_key_of_an_earlier_version_is_told_with_what_to_type_now(checkout: Checkout) -> None:
    done = checkout.train("objective.warmup_epochs=5")
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "objective.warmup_epochs: there is no such key any more. A warm-up is a schedule of the objective: "
        "objective/schedule=warmup objective.schedule.epochs=10"
    )
