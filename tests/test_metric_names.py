"""Metrics by their names of today, also where a record of before has others: curves, tables, checkpoints, studies."""

import json
import zlib
from base64 import b64decode

import numpy as np
import pytest
from optuna.trial import TrialState

from pipeline.config.build import check_value
from pipeline.metric_names import ELBO, LOSS, current, names_of, under_current_names
from pipeline.sweep.settings import Metric, Objectives
from pipeline.sweep.study.study import Study
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.run_facts import curve, finished_runs
from pipeline.tracking.store import Store
from pipeline.tracking.tags import FINGERPRINT
from pipeline.tracking.ui.overview import overviews
from pipeline.training.checkpoint import history_in


@pytest.mark.parametrize(
    ("name", "before"),
    [("train/epoch/images_per_second", "train/images_per_second"), ("validation/epoch/elbo", "val/elbo")],
)
def test_a_metric_of_an_epoch_has_its_own_name_and_the_one_of_before(name: str, before: str) -> None:
    assert current(before) == current(name) == name
    assert names_of(name) == [name, before]


@pytest.mark.parametrize("name", ["test/nll", "validation/elbo", "best/validation/nll", "train_loss", "value/loss"])
def test_every_other_metric_keeps_its_name(name: str) -> None:
    assert current(name) == name
    assert names_of(name) == [name]


def test_under_both_names_the_value_under_that_of_today_counts_in_whatever_order() -> None:
    both = {"val/elbo": -2.0, ELBO: -1.0, "test/nll": 3.0}
    assert under_current_names(both) == {ELBO: -1.0, "test/nll": 3.0}
    assert under_current_names(dict(reversed(both.items()))) == {ELBO: -1.0, "test/nll": 3.0}


def test_a_run_of_before_that_is_gone_on_with_has_one_curve_and_one_value(tmp_path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    with start_run(store, "tests", "old", {}) as old:
        old.metrics(1, {"val/elbo": -3.0, "val/loss": 3.0})
        old.metrics(2, {"val/elbo": -2.0, "val/loss": 2.0})
    with start_run(store, "tests", "again", {}) as run:
        run.metrics(1, {"val/elbo": -3.0})
        run.metrics(2, {ELBO: -1.0})
    assert curve(store, old.id, LOSS) == [(1, 3.0), (2, 2.0)]
    assert curve(store, run.id, ELBO) == [(1, -3.0), (2, -1.0)]
    again, first = finished_runs(store, "tests")
    assert (again.metrics[ELBO], first.metrics[ELBO]) == (-1.0, -2.0)


def test_a_checkpoint_of_before_gives_its_history_under_the_names_of_today(tmp_path) -> None:
    path = tmp_path / "checkpoint.npz"
    np.savez(path, progress=np.array(json.dumps({"history": {"val/loss": [3.0], "train/beta": [1.0]}})))
    assert history_in(path) == {LOSS: [3.0], "train/epoch/beta": [1.0]}


def test_the_settings_of_a_study_take_a_metric_by_its_name_of_before() -> None:
    assert check_value("val/elbo", Metric, "sweep.prune_by") == ELBO
    assert check_value("val/loss", Objectives, "sweep.objective") == [LOSS]


def test_a_study_of_before_asks_the_same_question_under_the_names_of_today(plan) -> None:
    asked = plan(objective=["validation/rate", "validation/epoch/distortion"], prune_by=ELBO, n_trials=2)
    study = Study(asked)
    stored = {"objective": {"validation/rate": "minimize", "val/distortion": "minimize"}, "prune_by": "val/elbo"}
    question = study.optuna.user_attrs["question"]
    study.optuna.set_user_attr("question", question | stored)
    for elbo in (-3.0, -2.0):
        claimed = study.claim()
        study.note(claimed, {"val/elbo": elbo})
        study.end(claimed, TrialState.COMPLETE, [-elbo, 1.0])
    again = Study(asked)
    assert [again.ranked_by(trial) for trial in again.ranking()] == [-2.0, -3.0]


def test_a_prepared_page_draws_the_curves_of_before_too(tmp_path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    for name in ("val/elbo", ELBO):
        with start_run(store, "tests", name, {FINGERPRINT: "same"}) as run:
            run.metrics(1, {name: -3.0})
            run.summary({"test/elbo": -3.0})
    [experiment] = overviews(store)
    packed = store.client.get_experiment(experiment).tags["mlflow.sharedViewState.overview"].removeprefix("deflate;")
    charts = json.loads(zlib.decompress(b64decode(packed)))["compareRunCharts"]
    assert [chart["metricKey"] for chart in charts if chart["type"] == "LINE"] == [ELBO, "val/elbo"]
