"""Real sweeps through the real command: searched, pruned, failed, stopped, and gone on with."""

import base64
import json
import os
import random
import re
import signal
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import psutil
import pytest
from checkout import Checkout
from mlflow.entities import Run
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

SMALL = ("dataset.limit=300", "model.hidden=[16]", "training.epochs=3", "training.patience=null")
STUDY = ("-m", "sweep=study", *SMALL)


def study_of(checkout: Checkout, name: str) -> optuna.Study:
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


@pytest.fixture(scope="module")
def searched(checkout: Checkout) -> subprocess.CompletedProcess[str]:
    done = checkout.train(
        *STUDY,
        "sweep.study=small",
        "sweep.n_trials=6",
        "sweep.slots=2",
        "sweep/pruner=none",
        "model.latent_dim=choice(1,2,4)",
        "objective.beta=interval(0.5,2)",
        "tracking.experiment=small",
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_study_says_what_it_does(searched) -> None:
    assert searched.stderr == ""
    assert "Study small: at most 6 trials, searching model.latent_dim, objective.beta" in searched.stdout
    assert "points can be trained" in searched.stdout
    assert (
        len(re.findall(r"trial +\d done +latent_dim=\d beta=\S+ +validation/nll [\d.]+ +\(\d/6", searched.stdout)) == 6
    )
    assert searched.stdout.rstrip().endswith("6 done")


def test_trial_number_and_run_and_folder_and_value_belong_together(checkout: Checkout, searched) -> None:
    parent, trials = parent_and_trials(checkout, "small")
    study = study_of(checkout, "small")
    assert [trial.number for trial in study.trials] == list(range(6)) == sorted(trials)
    assert parent.info.run_name == "small"
    for trial in study.trials:
        run = trials[trial.number]
        assert run.info.status == "FINISHED"
        assert run.data.tags["study"] == "small"
        assert run.data.params["model.latent_dim"] == str(trial.params["model.latent_dim"])
        assert run.data.metrics["validation/nll"] == trial.value
        assert not any(name.startswith("test/") for name in run.data.metrics), "nobody has looked at the test split"
        assert run.data.metrics["val/elbo"] == -trial.intermediate_values[3]
        folder = checkout.root / "mlruns" / "jobs" / "small" / str(trial.number)
        assert (
            f"model.latent_dim={trial.params['model.latent_dim']}" in (folder / ".hydra" / "overrides.yaml").read_text()
        )
        assert run.info.run_id in (folder / "training.log").read_text()


def test_the_parent_shows_what_came_of_it(checkout: Checkout, searched) -> None:
    parent, trials = parent_and_trials(checkout, "small")
    best = study_of(checkout, "small").best_trial
    said = parent.data.tags["mlflow.note.content"]
    assert re.search(rf"\| ---: .*\|\n\| {best.number} \| {best.value:.5g} \|", said), "the best comes first"
    assert "python -m pipeline.train -m sweep=study" in said
    key = re.search(r"\[Compare all trials\]\(#/experiments/\d+/runs\?.*viewStateShareKey=(\w+)\)", said)[1]
    state = prepared_view(checkout, parent.info.experiment_id, key)
    assert {
        run.info.run_id for run in checkout.client.search_runs([parent.info.experiment_id], state["searchFilter"])
    } == {run.info.run_id for run in trials.values()}
    assert state["orderByKey"] == "metrics.`validation/nll`"
    assert state["orderByAsc"]
    assert state["compareRunCharts"][0]["selectedParams"] == ["model.latent_dim", "objective.beta"]
    table = pd.read_csv(checkout.artifacts(parent.info.run_id) / "trials.csv")
    assert table["value_validation/nll"].min() == pytest.approx(best.value)
    files = {path.name for path in checkout.artifacts(parent.info.run_id).iterdir()}
    drawn = {
        f"{name}.{kind}"
        for name in ("history", "importance", "parallel", "slice", "contour")
        for kind in ("html", "png")
    }
    assert files >= {"trials.csv", "wall.png", *drawn}
    champion = checkout.client.get_model_version_by_alias("small", "champion")
    assert champion.run_id == trials[best.number].info.run_id


def test_the_same_command_has_nothing_left_to_do(checkout: Checkout, searched) -> None:
    again = checkout.train(
        *STUDY,
        "sweep.study=small",
        "sweep.n_trials=6",
        "sweep.slots=2",
        "sweep/pruner=none",
        "model.latent_dim=choice(1,2,4)",
        "objective.beta=interval(0.5,2)",
        "tracking.experiment=small",
    )
    assert again.returncode == 0, again.stderr
    parent_and_trials(checkout, "small")
    assert len(study_of(checkout, "small").trials) == 6


def test_a_changed_space_is_refused(checkout: Checkout, searched) -> None:
    done = checkout.train(*STUDY, "sweep.study=small", "model.latent_dim=choice(1,2)", "tracking.experiment=small")
    assert done.returncode == 2
    assert "sweep.study=small: there is such a study already, and it asks another question" in done.stderr
    assert "Traceback" not in done.stderr


def test_failures_have_their_reason_and_the_sweep_goes_on(checkout: Checkout) -> None:
    done = checkout.train(
        *STUDY,
        "sweep.study=fails",
        "sweep/sampler=grid",
        "sweep.n_trials=2",
        "training.learning_rate=choice(0.001,1e30)",
        "tracking.experiment=fails",
    )
    assert done.returncode == 0, done.stderr
    _, trials = parent_and_trials(checkout, "fails")
    assert [trials[number].info.status for number in (0, 1)] == ["FINISHED", "FAILED"]
    study = study_of(checkout, "fails")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]
    assert "Try a lower training.learning_rate" in study.trials[1].user_attrs["reason"]
    assert "Try a lower training.learning_rate" in trials[1].data.tags["mlflow.note.content"]
    assert "1 done, 1 failed" in done.stdout


def test_a_trial_beyond_its_time_and_a_killed_one_are_failures(checkout: Checkout) -> None:
    process = checkout.start(
        "pipeline.train",
        *STUDY,
        "training.epochs=100000",
        "sweep.study=late",
        "sweep/pruner=none",
        "sweep.n_trials=2",
        "sweep.trial_timeout=0.3",
        "sweep.max_failures=1",
        "sweep/sampler=grid",
        "model.latent_dim=1,2",
        "tracking.experiment=late",
    )
    wait_for_training(checkout, "late", 0)
    [training] = _trainings(process)
    training.kill()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "sweep.study=late: gave up after 2 failures, more than sweep.max_failures=1" in err
    _, trials = parent_and_trials(checkout, "late")
    notes = [trials[number].data.tags["mlflow.note.content"] for number in (0, 1)]
    assert "its process was killed by SIGKILL; perhaps the memory was used up" in notes[0]
    assert "it took longer than sweep.trial_timeout=0.3 minutes" in notes[1]
    assert {run.info.status for run in trials.values()} == {"FAILED"}


def test_two_objectives_give_a_front_and_conditional_keys_exist_where_they_should(checkout: Checkout) -> None:
    done = checkout.train(
        "-m",
        "sweep=architecture",
        "sweep.study=both",
        "sweep.n_trials=5",
        "sweep/sampler=random",
        "dataset.limit=300",
        "training.epochs=2",
        "tracking.experiment=both",
        "model.hidden=[16],[32]",
        "model.filters=[4,8],[8]",
        "model.units=choice([])",
        "model.activation=relu",
        "sweep.objective=[validation/rate,validation/distortion]",
    )
    assert done.returncode == 0, done.stderr
    parent, trials = parent_and_trials(checkout, "both")
    kinds = {run.data.params["model"] for run in trials.values()}
    assert kinds == {"Dense", "Conv"}
    for trial in study_of(checkout, "both").trials:
        assert ("model.filters" in trial.params) == (trials[trial.number].data.params["model"] == "Conv")
        assert len(trial.values) == 2
    assert (checkout.artifacts(parent.info.run_id) / "pareto.html").exists()


def test_a_study_is_that_of_its_own_run_whatever_another_of_its_name_was(checkout: Checkout, tmp_path: Path) -> None:
    def asked(*values: str) -> subprocess.CompletedProcess[str]:
        fixed = ("sweep.study=name", "sweep/sampler=grid", "sweep/pruner=none", "tracking.experiment=name")
        return checkout.train(*STUDY, *fixed, *values)

    assert asked("model.latent_dim=1,2").returncode == 0
    elsewhere = asked("model.latent_dim=1,2", f"tracking.uri=sqlite:///{tmp_path / 'other.db'}")
    assert elsewhere.returncode == 2
    assert "give the tracking.uri that it was begun with, or restore the run; or begin another" in elsewhere.stderr

    for journal in (checkout.root / "mlruns" / "studies").glob("name.*"):
        journal.unlink()
    assert asked("model.latent_dim=4,8").returncode == 0
    runs = {run.info.run_id: run for run in checkout.runs("name")}
    assert len(runs) == 2 * 3
    study = study_of(checkout, "name")
    parent_id = study.user_attrs["parent_run"]
    for trial in study.trials:
        [run] = [
            run
            for run in runs.values()
            if run.data.tags.get("mlflow.parentRunId") == parent_id and run.data.tags["trial"] == str(trial.number)
        ]
        assert run.data.params["model.latent_dim"] == str(trial.params["model.latent_dim"])
        assert run.data.metrics["validation/nll"] == trial.value
    champion = checkout.client.get_model_version_by_alias("name", "champion")
    assert runs[champion.run_id].data.metrics["validation/nll"] == study.best_value

    checkout.client.delete_run(parent_id)
    deleted = asked("model.latent_dim=4,8")
    assert deleted.returncode == 2
    assert f"sweep.study=name: run {parent_id} was deleted" in deleted.stderr
    assert "Traceback" not in deleted.stderr
    checkout.client.restore_run(parent_id)


def test_a_study_without_a_value_says_why_and_what_to_do(checkout: Checkout) -> None:
    done = checkout.train(
        *STUDY,
        "sweep.study=hopeless",
        "sweep.n_trials=2",
        "sweep/sampler=grid",
        "training.learning_rate=1e30,1e31",
        "tracking.experiment=hopeless",
    )
    assert done.returncode == 2, done.stdout
    assert "2 failed" in done.stdout
    assert "sweep.study=hopeless: no trial has a value; trial 1: " in done.stderr
    assert "begin another study, which takes over what is trained: sweep.study=hopeless_2" in done.stderr
    parent, _ = parent_and_trials(checkout, "hopeless")
    assert parent.info.status == "FAILED"
    assert "**Failed:** sweep.study=hopeless: no trial has a value" in parent.data.tags["mlflow.note.content"]
    assert "Compare all trials" in parent.data.tags["mlflow.note.content"]


def test_what_promises_little_is_pruned_by_one_metric_also_with_two_objectives(checkout: Checkout) -> None:
    done = checkout.train(
        *STUDY,
        "sweep.study=pruned",
        "sweep/sampler=grid",
        "sweep/pruner=threshold",
        "sweep.pruner.upper=40",
        "sweep.pruner.n_warmup_steps=2",
        "sweep.objective=[validation/rate,validation/distortion]",
        "training.learning_rate=0.01,1e-9",
        "tracking.experiment=pruned",
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr.lower()
    assert "1 done, 1 pruned" in done.stdout
    assert re.search(r"trial   1 pruned  learning_rate=1e-09  at val/elbo -4\d[.\d]*, epoch 2/3", done.stdout), (
        done.stdout
    )
    parent, trials = parent_and_trials(checkout, "pruned")
    good, poor = study_of(checkout, "pruned").trials
    assert (good.state.name, poor.state.name) == ("COMPLETE", "PRUNED")
    assert len(checkout.history(trials[0].info.run_id, "val/elbo")) == 3
    assert list(poor.intermediate_values.values()) == pytest.approx(
        [-value for _, value in checkout.history(trials[1].info.run_id, "val/elbo")]
    )
    assert len(poor.intermediate_values) == 2
    run = trials[1]
    assert (run.info.status, "pruned" in run.data.tags) == ("FINISHED", True)
    assert "Pruned" in run.data.tags["mlflow.note.content"]
    note = parent.data.tags["mlflow.note.content"]
    assert "1 complete, 1 pruned, of 2" in note
    assert "| 0 ◆ |" in note
    assert "Sorted by val/elbo" in note


def test_an_equal_training_is_taken_over_and_not_trained_again(checkout: Checkout, searched) -> None:
    done = checkout.train(
        *STUDY,
        "sweep.study=again",
        "sweep.seed=7",
        "sweep.n_trials=6",
        "sweep.slots=2",
        "sweep/pruner=none",
        "model.latent_dim=choice(1,2,4)",
        "objective.beta=interval(0.5,2)",
        "sweep/sampler=random",
        f"sweep.enqueue=[{{model.latent_dim:{study_of(checkout, 'small').best_params['model.latent_dim']},"
        f"objective.beta:{study_of(checkout, 'small').best_params['objective.beta']}}}]",
        "tracking.experiment=again",
    )
    assert done.returncode == 0, done.stderr
    _, trials = parent_and_trials(checkout, "again")
    best = study_of(checkout, "small").best_trial
    source = parent_and_trials(checkout, "small")[1][best.number]
    assert trials[0].data.tags["taken_over_from"] == source.info.run_id
    assert study_of(checkout, "again").trials[0].value == best.value
    assert checkout.history(trials[0].info.run_id, "val/loss") == checkout.history(source.info.run_id, "val/loss")
    assert (checkout.artifacts(trials[0].info.run_id) / "config.yaml").exists()
    assert sum("taken_over_from" in run.data.tags for run in trials.values()) == 1
    scored = checkout.run("pipeline.evaluate", f"run={trials[0].info.run_id}")
    assert scored.returncode == 0, scored.stderr


def test_replicates_count_as_their_mean(checkout: Checkout) -> None:
    done = checkout.train(
        *STUDY,
        "sweep.study=twice",
        "sweep.n_trials=2",
        "sweep.replicates=2",
        "sweep/sampler=grid",
        "model.latent_dim=1,2",
        "tracking.experiment=twice",
    )
    assert done.returncode == 0, done.stderr
    runs = checkout.runs("twice")
    for trial in study_of(checkout, "twice").trials:
        [whole] = [run for run in runs if run.data.tags.get("trial") == str(trial.number)]
        parts = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == whole.info.run_id]
        assert sorted(run.data.params["training.seed"] for run in parts) == ["0", "1"]
        values = [run.data.metrics["validation/nll"] for run in parts]
        assert trial.value == whole.data.metrics["validation/nll"] == pytest.approx(sum(values) / 2)
        spread = abs(values[0] - values[1]) / 2**0.5
        assert (
            whole.data.metrics["validation/nll_std"] == trial.user_attrs["validation/nll_std"] == pytest.approx(spread)
        )
        assert {run.info.status for run in (whole, *parts)} == {"FINISHED"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("model.latent_dim=1,2", "sweep.objective=test/nll"),
            "Wanted the validation split: validation/nll",
        ),
        (
            ("model.latent_dim=1,2", "evaluation=brief"),
            "sweep.objective=validation/nll: evaluation.importance_samples=null leaves it out. Set it back",
        ),
        (
            ("model.latent_dim=1,2", "objective.sampling=false"),
            "sweep.objective=validation/nll: objective.sampling=false gives an autoencoder, which has none",
        ),
        (("likelihood=bernoulli,gaussian",), "and this study searches the likelihood. Wanted a metric that does not"),
        (("model.latent_dim=2,-1",), "the point latent_dim=-1: model.latent_dim=-1: wanted a number greater than 0"),
        (
            ("model.latent_dims=1,2",),
            "the point latent_dims=1: model.latent_dims: no such key. Did you mean model.latent_dim?",
        ),
        (
            ("model.latent_dim=1,2", "training.batch_size=1000000000"),
            "GB are free. Narrow the space, or lower training.batch_size",
        ),
        (
            ("model.latent_dim=1,2", "trusted=[os]", "likelihood._target_=os.abort"),
            "the process that looked the space over ended without a word; perhaps the memory was used up: narrow",
        ),
        (
            (
                "model.latent_dim=1,2",
                "dataset=folder",
                "dataset.dir=nowhere",
                "sweep.objective=validation/knn_accuracy",
            ),
            "nowhere",
        ),
        ((), "nothing is searched. Name keys and values, such as model.latent_dim=2,8,32"),
        (("model.latent_dim=1,2", "sweep.n_trial=3"), "sweep.n_trial: no such key. Did you mean sweep.n_trials?"),
        (
            ("model.latent_dim=1,2", "sweep/sampler=tpe", "sweep.sampler.n_startup_trials=x"),
            "sweep.sampler.n_startup_trials=x: wanted",
        ),
        (
            ("objective.beta=interval(0,4)", "sweep/sampler=grid"),
            "an interval has no end of values, so there is no grid of it",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_trained(
    checkout: Checkout, overrides, message: str
) -> None:
    done = checkout.train(*STUDY, "sweep.study=refused", "sweep.n_trials=3", "tracking.experiment=refused", *overrides)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert checkout.client.get_experiment_by_name("refused") is None


def test_workers_that_another_launcher_starts_share_the_trials_of_a_database(
    checkout: Checkout, tmp_path: Path
) -> None:
    storage = f"sqlite:///{tmp_path / 'studies.db'}"
    done = checkout.train(
        *STUDY,
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        "sweep.workers=2",
        "sweep.study=launched",
        f"sweep.storage={storage}",
        "sweep/sampler=grid",
        "sweep/pruner=none",
        "sweep.n_trials=4",
        "model.latent_dim=1,2,3,4",
        "tracking.experiment=launched",
    )
    assert done.returncode == 0, done.stderr
    study = optuna.load_study(study_name="launched", storage=storage)
    assert [(trial.state.name, trial.params["model.latent_dim"]) for trial in study.trials] == [
        ("COMPLETE", number) for number in (1, 2, 3, 4)
    ]
    _, runs = parent_and_trials(checkout, "launched")
    assert sorted(runs) == [0, 1, 2, 3]
    workers = {trial.system_attrs["owner"]["pid"] for trial in study.trials}
    assert len(workers) == 2, "both have worked"


def test_two_sweeps_of_the_same_name_share_the_work(checkout: Checkout, own_group) -> None:
    command = (
        *STUDY,
        "training.epochs=10",
        "sweep.study=shared",
        "sweep/sampler=random",
        "sweep/pruner=none",
        "sweep.n_trials=6",
        "model.latent_dim=range(1,100)",
        "tracking.experiment=shared",
    )
    processes = [checkout.start("pipeline.train", *command, group=True) for _ in range(2)]
    own_group.extend(processes)
    said = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert all(out.rstrip().endswith("6 done") for out, _ in said)
    study, (_, runs) = study_of(checkout, "shared"), parent_and_trials(checkout, "shared")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 6
    assert sorted(runs) == list(range(6))
    workers = {trial.system_attrs["owner"]["pid"] for trial in study.trials}
    assert len(workers) == 2, "both have worked"


@pytest.fixture
def own_group() -> Iterator[list[subprocess.Popen[str]]]:
    """Commands that nothing of is left running."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        for each in _family(process):
            each.kill()


def test_a_sweep_survives_kills_at_random_instants(checkout: Checkout, own_group, tmp_path: Path) -> None:
    dice, trials, kills = random.Random(0), 6, 0
    command = (
        *STUDY,
        "training.epochs=40",
        "sweep.study=killed",
        f"sweep.n_trials={trials}",
        "sweep.slots=2",
        "sweep/pruner=none",
        "sweep.max_failures=null",
        "model.latent_dim=range(1,7)",
        "sweep/sampler=grid",
        "tracking.experiment=killed",
    )
    with (tmp_path / "log").open("w") as log:
        for _ in range(20):
            process = checkout.start("pipeline.train", *command, out=log, group=True)
            own_group.append(process)
            try:
                process.wait(dice.uniform(3, 14))
                break
            except subprocess.TimeoutExpired:
                pass
            everything = _family(process)
            for each in dice.choice([everything[:1], everything]):
                each.kill()
            process.wait()
            kills += 1
        process = checkout.start("pipeline.train", *command, out=log, group=True)
        own_group.append(process)
        assert process.wait(300) == 0, (tmp_path / "log").read_text()[-3000:]
    assert kills == 20
    parent, runs = parent_and_trials(checkout, "killed")
    study = study_of(checkout, "killed")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * trials
    assert sorted(runs) == list(range(trials))
    assert {run.info.status for run in (parent, *runs.values())} == {"FINISHED"}
    assert sorted(run.data.params["model.latent_dim"] for run in runs.values()) == ["1", "2", "3", "4", "5", "6"]
    for run in runs.values():
        assert [step for step, _ in checkout.history(run.info.run_id, "val/loss")] == list(range(1, 41))


def test_ctrl_c_ends_a_sweep_within_ten_seconds_and_says_how_to_go_on(checkout: Checkout, own_group) -> None:
    process = checkout.start(
        "pipeline.train",
        *STUDY,
        "training.epochs=100000",
        "sweep.study=stopped",
        "sweep.slots=2",
        "model.latent_dim=1,2",
        "sweep/sampler=grid",
        "sweep.n_trials=2",
        "tracking.experiment=stopped",
        group=True,
    )
    own_group.append(process)
    wait_for_training(checkout, "stopped", 0, 1)
    asked = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of its processes
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == 130
    assert "Go on with the same command" in err
    assert "Traceback" not in out + err
    assert {trial.state.name for trial in study_of(checkout, "stopped").trials} == {"WAITING"}
    parent, runs = parent_and_trials(checkout, "stopped")
    assert {run.info.status for run in (parent, *runs.values())} == {"KILLED"}


def _family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        head = psutil.Process(process.pid)
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def wait_for_training(checkout: Checkout, study: str, *numbers: int) -> None:
    """Until these trials have trained an epoch."""
    deadline = time.monotonic() + 120
    logs = [checkout.root / "mlruns" / "jobs" / study / str(number) / "training.log" for number in numbers]
    while not all(log.exists() and "epoch" in log.read_text() for log in logs):
        assert time.monotonic() < deadline, "no trial ever trained"
        time.sleep(0.1)


def _trainings(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Processes that trials are trained in: each is the head of a session and no guard."""
    return [
        each for each in _family(process)[1:] if os.getsid(each.pid) == each.pid and "guard" not in str(each.cmdline())
    ]
