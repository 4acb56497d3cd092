"""Studies in their storage: budgets, claims, leases and the definition that must not change."""

import time
from pathlib import Path
from threading import Thread

import optuna
import pytest
from optuna.trial import TrialState
from studies import SPACE, worked

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.sweep.study import storage as journal
from pipeline.sweep.study.lease import EXPIRY, LEASE
from pipeline.sweep.study.study import Study


@pytest.mark.parametrize("address", [None, "sqlite:///{folder}/optuna.db"])
def test_many_at_once_train_exactly_the_trials_that_were_asked_for(plan, tmp_path: Path, address: str | None) -> None:
    asked = plan(n_trials=20, storage=address and Address(address.format(folder=tmp_path)))
    studies = [Study(asked) for _ in range(4)]
    points: list[dict] = []
    threads = [Thread(target=lambda study=study: points.extend(worked(study))) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(points) == 20
    trials = Study(asked).optuna.trials
    assert [trial.number for trial in trials] == list(range(20))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}


def test_the_budget_is_a_total(plan) -> None:
    assert len(worked(Study(plan()))) == 6
    assert len(worked(Study(plan()))) == 0
    assert len(worked(Study(plan(n_trials=8)))) == 2
    assert len(Study(plan(n_trials=3)).trials) == 3


def test_a_trial_is_gone_on_with_under_its_number_with_its_values(plan) -> None:
    study = Study(plan())
    claimed = study.claim()
    study.end(claimed, TrialState.WAITING)
    assert Study(plan()).claim() == claimed


def test_a_trial_whose_worker_is_gone_is_claimed_by_another_and_one_at_work_is_not(plan) -> None:
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    assert Study(plan(n_trials=1)).claim() is None, "its worker lives"
    owner = study.storage.get_trial(claimed.id).system_attrs[LEASE]
    for gone in ({"process_started": "1.0"}, {"host": "elsewhere", "at": time.time() - EXPIRY - 1}):
        study.storage.set_trial_system_attr(claimed.id, LEASE, owner | gone)
        assert Study(plan(n_trials=1)).claim() == claimed
    study.storage.set_trial_system_attr(claimed.id, LEASE, owner | {"host": "elsewhere"})
    assert Study(plan(n_trials=1)).claim() is None, "it gave a sign of life"


def test_another_definition_under_the_same_name_is_refused_with_the_difference(plan) -> None:
    worked(Study(plan(fixed={"training.epochs": 3})))
    changed = {**SPACE, "model.latent_dim": "choice(2, 16)"}
    with pytest.raises(InputError) as refused:
        Study(plan(space=changed, fixed={"training.epochs": 5}))
    message = str(refused.value)
    assert "sweep.study=mine: a study of this name exists, and its settings differ" in message
    assert "space: model.latent_dim: choice(2, 4, 8) before, choice(2, 16) now" in message
    assert "config: training.epochs: 3 before, 5 now" in message
    assert "begin another study: sweep.study=mine_2" in message


def test_with_several_objectives_the_front_comes_first_and_prune_by_ranks_it(plan) -> None:
    study = Study(plan(objective=["validation/rate", "validation/distortion"], n_trials=4))
    for (rate, distortion), elbo in (
        ((0.0, 200.0), -200.0),  # collapsed: no rate at all is on the front, and of no use
        ((30.0, 100.0), -130.0),
        ((20.0, 100.0), -120.0),
        ((10.0, 120.0), -130.0),
    ):
        claimed = study.claim()
        study.note(claimed, {"validation/epoch/elbo": elbo})
        study.end(claimed, TrialState.COMPLETE, [rate, distortion])
    assert [trial.number for trial in study.ranking()] == [2, 3, 0, 1]


def test_too_many_failures_end_a_study(plan) -> None:
    study = Study(plan(max_failures=1))
    for _ in range(2):
        assert not study.gave_up
        study.end(study.claim(), TrialState.FAIL, reason="because")
    assert study.gave_up
    assert study.is_over
    assert study.claim() is None
    assert study.last_failure() == "trial 1: because"


@pytest.mark.parametrize("objective", [["validation/nll"], ["validation/rate", "validation/distortion"]])
def test_a_pruner_judges_by_the_metric_of_each_epoch_also_with_two_objectives(plan, objective) -> None:
    pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=0)
    study = Study(plan(objective=objective, pruner=pruner))
    for elbo in (-100.0, -110.0):
        claimed = study.claim()
        assert not study.report(claimed, 1, {"validation/epoch/elbo": elbo})
        study.end(claimed, TrialState.COMPLETE, [1.0] * len(objective))
    assert study.report(study.claim(), 1, {"validation/epoch/elbo": -120.0})
    assert not study.report(study.claim(), 1, {"validation/epoch/elbo": -90.0})


def test_a_journal_that_was_cut_off_is_mended(plan) -> None:
    study = Study(plan())
    claimed = study.claim()
    path = journal.STUDIES / "mine.journal"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 6, "worker_id": "')
    study.end(claimed, TrialState.COMPLETE, [1.0])
    assert Study(plan()).of_state(TrialState.COMPLETE)[0].number == claimed.number


def test_a_wrong_storage_is_refused(plan) -> None:
    with pytest.raises(
        InputError, match=r"sweep.storage=nonsense://x: .* Expected an address of Optuna's, such as sqlite:"
    ):
        Study(plan(storage=Address("nonsense://x")))


def test_the_direction_of_a_metric_is_known_and_may_be_set(plan) -> None:
    names = ["validation/nll", "validation/elbo", "validation/knn_accuracy"]
    assert plan(objective=names).settings.directions == ["minimize", "maximize", "maximize"]
    assert plan(objective=names[:1], direction=["maximize"]).settings.directions == ["maximize"]
    with pytest.raises(
        InputError, match=r"sweep.direction=\[maximize\]: expected one direction for each of validation/nll, validat"
    ):
        plan(objective=names, direction=["maximize"])
