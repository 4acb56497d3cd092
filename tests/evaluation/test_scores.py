"""The catalogue of scores: it has every number of an evaluation, and everything that ranks runs reads it."""

from dataclasses import fields

import pytest

from pipeline.comparison.table import Table
from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.scores import CATALOGUE, COMPARED, ranking, score_of
from pipeline.sweep.settings import known_direction
from pipeline.tracking.run_facts import FinishedRun


def test_every_number_of_an_evaluation_is_in_the_catalogue_and_nothing_else_is() -> None:
    others = {"split", "warning", "feature_network", "samples", "images", "given_class", "has_bound"}
    assert set(CATALOGUE) == {each.name for each in fields(Evaluation)} - others
    assert len({score.label for score in CATALOGUE.values()}) == len(CATALOGUE)


def test_a_likelihood_given_the_class_says_so() -> None:
    assert CATALOGUE["nll"].labelled(False) == "−log p(image), upper bound, nats"
    assert CATALOGUE["nll"].labelled(True) == "−log p(image | class), upper bound, nats"
    assert CATALOGUE["elbo"].labelled(True) == "ELBO, nats per image given its class"
    assert CATALOGUE["mse"].labelled(True) == CATALOGUE["mse"].label


MORE_IS_BETTER = {"elbo", "active_units", "knn_accuracy", "sample_coverage"}
MORE_IS_BETTER |= {"mig", "dci_disentanglement", "infomec_modularity"}


@pytest.mark.parametrize("name", COMPARED)
def test_tables_and_studies_agree_which_way_is_better(name: str) -> None:
    metric = f"test/{name}"
    same = {"data_fingerprint": "same"}
    runs = [FinishedRun(str(value), "run", {}, {metric: value}, same, 1.0) for value in (2.0, 3.0)]
    more_is_better = name in MORE_IS_BETTER
    best = 3.0 if more_is_better else 2.0
    assert Table(runs, metric).runs[0].metrics[metric] == best
    assert known_direction(metric) == ("maximize" if more_is_better else "minimize")
    assert Table(runs, metric).best(metric) == (best if ranking(metric) else None)


def test_a_score_that_another_can_pay_for_ranks_nothing_by_itself() -> None:
    for name in ("rate", "distortion", "loss", "active_units", "mutual_information"):
        assert ranking(f"validation/{name}") is None
    assert score_of("train/epoch/images_per_second") is None
