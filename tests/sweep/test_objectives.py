"""Which metrics a study may optimise, and how the replicates of a trial are aggregated."""

import re

import optuna
import pytest
from studies import settings_of

from pipeline.errors import InputError
from pipeline.sweep.objectives import check_objectives
from pipeline.sweep.replicates import aggregate


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
            "validation/epoch/loss",
            "objective.beta",
            "sweep.objective=validation/epoch/loss: the loss contains objective.beta, which this study",
        ),
        ("validation/epoch/loss", "objective", "the loss contains objective, which this study searches"),
        (
            "validation/elbo",
            "likelihood",
            "sweep.objective=validation/elbo: it contains −log p(image | latent), which differs between likelihoods as "
            "probabilities differ from densities, and this study searches the likelihood. Use a metric that does not "
            "depend on it: validation/rate, validation/mse, validation/active_units, ",
        ),
        ("validation/bits_per_dimension", "likelihood.scale", "it contains −log p(image | latent)"),
    ],
)
def test_what_would_answer_another_question_is_refused(objective, searched, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        check_objectives(settings_of(objective=[objective]), [searched])


def test_a_pruned_by_metric_is_one_of_every_epoch() -> None:
    with pytest.raises(
        InputError, match=r"sweep.prune_by=validation/nll: no such metric\. .*There are: train/epoch/elbo"
    ):
        check_objectives(settings_of(objective=["validation/nll"], prune_by="validation/nll"), ["model.latent_dim"])


def test_where_likelihoods_are_searched_trials_are_not_pruned_by_one() -> None:
    median = optuna.pruners.MedianPruner()
    settings = settings_of(objective=["validation/mse"], pruner=median)
    cure = "train/epoch/rate, validation/epoch/rate, or prune none: sweep/pruner=none"
    message = rf"sweep.prune_by=validation/epoch/elbo: it contains .*: {cure}$"
    with pytest.raises(InputError, match=message):
        check_objectives(settings, ["likelihood"])
    check_objectives(
        settings_of(objective=["validation/mse"], prune_by="validation/epoch/rate", pruner=median), ["likelihood"]
    )
    check_objectives(settings_of(objective=["validation/mse"]), ["likelihood"])


@pytest.mark.parametrize(
    ("metric", "searched"), [("validation/epoch/elbo", "likelihood"), ("validation/epoch/loss", "objective.beta")]
)
def test_what_ranks_several_objectives_means_the_same_in_all_trials_also_without_a_pruner(metric, searched) -> None:
    objective = ["validation/mse", "validation/rate"]
    reason = "as sweep.prune_by also ranks the trials of several objectives"
    message = rf"sweep.prune_by={metric}: .*validation/epoch/rate.*, {reason}$"
    with pytest.raises(InputError, match=message):
        check_objectives(settings_of(objective=objective, prune_by=metric), [searched])
    check_objectives(settings_of(objective=objective, prune_by="validation/epoch/rate"), [searched])
    check_objectives(settings_of(objective=objective[:1], prune_by=metric), [searched])


@pytest.mark.parametrize("name", ["rate", "active_units", "mutual_information", "marginal_kl", "collapsed"])
def test_scores_without_the_density_of_an_image_are_compared_between_likelihoods(name: str) -> None:
    check_objectives(settings_of(objective=[f"validation/{name}"]), ["likelihood"])


@pytest.mark.parametrize(
    ("objective", "searched"),
    [
        ("validation/nll", "objective.beta"),
        ("validation/mse", "likelihood"),
        ("validation/epoch/loss", "model.latent_dim"),
    ],
)
def test_what_means_the_same_in_all_trials_is_allowed(objective, searched) -> None:
    check_objectives(settings_of(objective=[objective]), [searched])


def test_a_likelihood_given_the_class_is_not_compared_with_another() -> None:
    for name in ("nll", "elbo", "knn_accuracy"):
        with pytest.raises(InputError, match=r"has p\(image \| class\) for p\(image\), and this study searches model"):
            check_objectives(settings_of(objective=[f"validation/{name}"]), ["model.conditional"])
    check_objectives(settings_of(objective=["validation/mse"]), ["model.conditional"])


def test_replicates_have_their_mean_and_standard_deviation() -> None:
    settings = settings_of(objective=["validation/rate", "validation/distortion"])
    replicates = [
        {
            "validation/rate": rate,
            "validation/distortion": 9.0,
            "validation/elbo": -rate,
            "validation/epoch/elbo": -99.0,
        }
        for rate in (1.0, 2.0, 6.0)
    ]
    result = aggregate(settings, replicates)
    assert result.means == [3.0, 9.0]
    assert result.standard_deviations == [pytest.approx(7.0**0.5), 0.0]
    assert result.prune_by == -3.0, "of the model that is kept, not of the last epoch"
    assert aggregate(settings, replicates[:1]).standard_deviations == [0.0, 0.0]
    by_loss = settings_of(objective=["validation/rate"], prune_by="validation/epoch/loss")
    assert aggregate(by_loss, [{**replicates[0], "validation/epoch/loss": 7.0}]).prune_by == 7.0


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_an_objective_that_is_no_number_is_named(value: float | None) -> None:
    good = {"validation/nll": 1.0}
    bad = {} if value is None else {"validation/nll": value}
    with pytest.raises(InputError, match="validation/nll is missing, or no finite number"):
        aggregate(settings_of(objective=["validation/nll"]), [good, bad])
