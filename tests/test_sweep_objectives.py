"""What a study may minimise, and what a trial's trainings come to."""

import re

import optuna
import pytest
from studies import settings_of

from pipeline.errors import InputError
from pipeline.metric_names import ELBO, LOSS
from pipeline.sweep.objectives import check_objectives


@pytest.mark.parametrize(
    ("objective", "searched", "message"),
    [
        (
            "test/nll",
            "model.latent_dim",
            "sweep.objective=test/nll: a study must not choose by the test split, whose scores would then no longer "
            "tell how a model does on new images. Use the validation split: validation/nll",
        ),
        ("validation/nil", "model", "sweep.objective=validation/nil: no such metric. Did you mean validation/nll?"),
        (
            "epoch/validation/loss",
            "objective.beta",
            "epoch/validation/loss: the loss contains objective.beta, which this study",
        ),
        ("epoch/validation/loss", "objective", "the loss contains objective, which this study searches"),
        ("validation/elbo", "likelihood", "differs between likelihoods as probabilities differ from densities"),
    ],
)
def test_what_would_answer_another_question_is_refused(objective, searched, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        check_objectives(settings_of(objective=[objective]), [searched])


def test_a_pruned_by_metric_is_one_of_every_epoch() -> None:
    with pytest.raises(InputError, match=r"sweep.prune_by=validation/nll: no such metric\. .*are: epoch/train/elbo"):
        check_objectives(settings_of(objective=["validation/nll"], prune_by="validation/nll"), ["model.latent_dim"])


def test_where_likelihoods_are_searched_no_epoch_can_be_compared() -> None:
    median = optuna.pruners.MedianPruner()
    with pytest.raises(
        InputError, match=r"sweep.prune_by=epoch/validation/elbo: differs .*Prune none: sweep/pruner=none"
    ):
        check_objectives(settings_of(objective=["validation/mse"], pruner=median), ["likelihood"])


@pytest.mark.parametrize(
    ("objective", "searched"),
    [("validation/nll", "objective.beta"), ("validation/mse", "likelihood"), (LOSS, "model.latent_dim")],
)
def test_what_means_the_same_in_all_trials_is_allowed(objective, searched) -> None:
    check_objectives(settings_of(objective=[objective]), [searched])


def test_replicates_come_to_their_mean_and_standard_deviation() -> None:
    asked = settings_of(objective=["validation/rate", "validation/distortion"])
    each = [
        {"validation/rate": rate, "validation/distortion": 9.0, "validation/elbo": -rate, ELBO: -99.0}
        for rate in (1.0, 2.0, 6.0)
    ]
    summary = asked.summary(each)
    assert summary.means == [3.0, 9.0]
    assert summary.spreads == [pytest.approx(7.0**0.5), 0.0]
    assert summary.merit == -3.0, "of the model that is kept, not of the last epoch"
    assert asked.summary(each[:1]).spreads == [0.0, 0.0]
    assert settings_of(objective=["validation/rate"], prune_by=LOSS).summary([{**each[0], LOSS: 7.0}]).merit == 7.0


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_an_objective_that_is_no_number_is_named(value: float | None) -> None:
    good = {"validation/nll": 1.0}
    bad = {} if value is None else {"validation/nll": value}
    with pytest.raises(InputError, match="validation/nll is missing, or no finite number"):
        settings_of(objective=["validation/nll"]).summary([good, bad])
