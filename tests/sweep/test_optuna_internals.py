"""What this project uses of Optuna beyond its public interface exists, and does what the project needs."""

import socket
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState, create_trial
from studies import SPACE, worked

from pipeline.errors import InputError
from pipeline.sweep.optuna_internals import FIXED_PARAMS, study_for_sampler, trial_of
from pipeline.sweep.study.definition import definition_of
from pipeline.sweep.study.storage import storage_of
from pipeline.sweep.study.study import Study


def test_optuna_keeps_the_values_of_a_waiting_trial_where_the_queue_reads_them() -> None:
    study = optuna.create_study()
    study.enqueue_trial({"x": 0.25})
    [waiting] = study.trials
    assert waiting.system_attrs[FIXED_PARAMS] == {"x": 0.25}


def test_an_opened_trial_has_the_values_that_are_fixed_and_stores_those_that_its_sampler_suggests() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.add_trial(create_trial(state=TrialState.WAITING, system_attrs={FIXED_PARAMS: {"x": 0.25}}))
    storage = study.ask().storage
    study.add_trial(create_trial(state=TrialState.WAITING, system_attrs={FIXED_PARAMS: {"x": 0.75}}))
    study_id = storage.get_study_id_from_name(study.study_name)
    trial = trial_of(study, storage.get_trial_id_from_study_id_trial_number(study_id, 1))
    assert trial.suggest_float("x", 0, 1) == 0.75
    suggested = trial.suggest_float("y", 0, 1)
    assert study.trials[1].params == {"x": 0.75, "y": suggested}


def test_a_sampler_learns_from_the_trials_of_a_bracket_where_the_pruner_has_brackets() -> None:
    pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9, reduction_factor=3)
    study = optuna.create_study(pruner=pruner)
    for _ in range(30):
        trial = study.ask()
        trial.report(0.0, 1)
        trial.should_prune()
        study.tell(trial, 0.0)
    seen = [trial.number for trial in study_for_sampler(study, study.trials[0]).get_trials(deepcopy=False)]
    assert 0 < len(seen) < len(study.trials)
    assert 0 in seen

    study.pruner = optuna.pruners.MedianPruner()
    assert len(study_for_sampler(study, study.trials[0]).trials) == 30


def test_a_study_that_an_earlier_version_stored_goes_on(plan) -> None:
    """Optuna's storage keeps attributes under these names since the first version; here they are written as it did."""
    later = plan(n_trials=3, enqueue=[{"model.latent_dim": 8, "objective.beta": 0.75}], fixed={"training.epochs": 3})
    # Settings that it did not have, or did not keep.
    newer = {"model.conditional": False, "model.levels": None, "evaluation.importance_samples": 50}
    now = replace(later, fixed=later.fixed | newer)
    storage = storage_of("mine", None)
    study = optuna.create_study(study_name="mine", storage=storage, directions=["minimize"])
    study.set_metric_names(["validation/nll"])
    study.set_user_attr("question", {**definition_of(later), "space": SPACE})
    study.set_user_attr("parent_run", "0123abcd")
    failed, interrupted, waiting = (
        {
            "fixed_params": {"model.latent_dim": 8, "objective.beta": 0.75},
            "given": "model.latent_dim=8 objective.beta=0.75",
        },
        {"fixed_params": {"model.latent_dim": 2, "objective.beta": 1.5}, "work": 2.0},
        {"fixed_params": {"model.latent_dim": 4, "objective.beta": 2.5}, "work": 9.0},
    )
    ended = {"host": socket.gethostname(), "pid": "1", "process_started": "1.0", "at": 0.0}
    for attributes in (failed, {**interrupted, "owner": ended}, waiting):
        study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=attributes))
    for number, state in ((0, TrialState.FAIL), (1, TrialState.RUNNING)):
        study_id = storage.get_study_id_from_name("mine")
        trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
        storage.set_trial_user_attr(trial_id, "reason", "because")
        storage.set_trial_state_values(trial_id, state)

    with pytest.raises(InputError, match=r"model\.conditional: False before, True now"):
        Study(replace(now, fixed=now.fixed | {"model.conditional": True}))
    goes_on = Study(now)
    assert goes_on.run_id == "0123abcd"
    assert goes_on.last_failure() == "trial 0: because"
    assert worked(goes_on) == [interrupted["fixed_params"], waiting["fixed_params"]]
    assert len(goes_on.trials) == 3, "the enqueued point is known"
