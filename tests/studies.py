"""Studies of tests: their settings, plans and, in a checkout, what they left."""

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import optuna
from checkout import SMALL, Checkout
from hydra.core.override_parser.overrides_parser import OverridesParser
from mlflow.entities import Run
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from processes import wait_until
from warm import Forked

from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space.grammar import space_of
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.study.study import Study

SPACE = {"model.latent_dim": "choice(2, 4, 8)", "objective.beta": "interval(0.5, 4)"}
RANDOM = {"_target_": "optuna.samplers.RandomSampler"}
GRID = {"_target_": "pipeline.sweep.sampling.Grid"}
TPE = {"_target_": "optuna.samplers.TPESampler", "n_startup_trials": 2}
COMMAND = ("-m", "sweep=study", *SMALL, "training.patience=null")


def settings_of(**changed: Any) -> StudySettings:
    """Those of a small study, unless changed."""
    settings = {
        "study": "mine",
        "space": {},
        "n_trials": 6,
        "slots": 1,
        "workers": 1,
        "replicates": 1,
        "objective": ["validation/nll"],
        "direction": None,
        "prune_by": "validation/epoch/elbo",
        "pruner": optuna.pruners.NopPruner(),
        "enqueue": [],
        "storage": None,
        "trial_timeout": None,
        "max_failures": None,
        "seed": 0,
    }
    return StudySettings(**settings | changed)


def plan_of(space=SPACE, sampler=RANDOM, fixed=None, **changed: Any) -> Plan:
    """Plan a small study that searches a space."""
    settings = settings_of(space=space, **changed)
    return Plan(settings, sampler, space_of(space, OverridesParser.create()), [], fixed or {})


def worked(study: Study, value: Callable[[dict], float] = lambda values: float(values["objective.beta"])) -> list[dict]:
    """The points of all trials that are left, each ended with a value."""
    points = []
    while claimed := study.claim():
        points.append(claimed.point)
        study.end(claimed, TrialState.COMPLETE, [value(claimed.point)])
    return points


def study_of(checkout: Checkout, name: str) -> optuna.Study:
    """What Optuna knows."""
    path = checkout.root / "mlruns" / "studies" / f"{name}.journal"
    return optuna.load_study(study_name=name, storage=JournalStorage(JournalFileBackend(str(path))))


def parent_and_trials(checkout: Checkout, experiment: str) -> tuple[Run, dict[int, Run]]:
    """The study's run, and those of its trials by number, each of them once."""
    runs = checkout.runs(experiment)
    [parent] = [run for run in runs if "trial" not in run.data.tags]
    trials = {int(run.data.tags["trial"]): run for run in runs if "trial" in run.data.tags}
    assert len(trials) == len(runs) - 1
    assert all(run.data.tags["mlflow.parentRunId"] == parent.info.run_id for run in trials.values())
    return parent, trials


def prepared_view(checkout: Checkout, experiment_id: str, key: str) -> dict[str, Any]:
    """What the UI opens for a key, decoded as it does."""
    packed = checkout.client.get_experiment(experiment_id).tags[f"mlflow.sharedViewState.{key}"]
    assert len(packed) < 5000
    return json.loads(zlib.decompress(base64.b64decode(packed.removeprefix("deflate;"))))


def wait_for_training(checkout: Checkout, study: str, trials: int, process: Forked | None = None) -> None:
    """Wait until so many trials of a study have trained an epoch."""
    logs = f"mlruns/jobs/{study}/*/training.log"
    wait_until(
        lambda: sum("epoch" in log.read_text() for log in checkout.root.glob(logs)) >= trials,
        f"{trials} trials never trained at once",
        process,
    )


def assert_trained_once(checkout: Checkout, experiment: str, n_trials: int, epochs: int) -> None:
    """Assert that each trial of a study has one run, which is finished and has each epoch once."""
    parent, runs = parent_and_trials(checkout, experiment)
    assert sorted(runs) == list(range(n_trials))
    assert {run.info.status for run in (parent, *runs.values())} == {"FINISHED"}
    for run in runs.values():
        steps = [step for step, _ in checkout.history(run.info.run_id, "validation/epoch/loss")]
        assert steps == list(range(1, epochs + 1))
