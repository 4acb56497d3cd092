"""Objectives through the real command, on the real data."""

import pytest
from checkout import Checkout
from data_files import real_data

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


def test_a_key_of_an_earlier_version_is_told_with_what_to_type_now(checkout: Checkout) -> None:
    done = checkout.train("objective.warmup_epochs=5")
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "objective.warmup_epochs: there is no such key any more. A warm-up is a schedule of the objective: "
        "objective/schedule=warmup objective.schedule.epochs=10"
    )
