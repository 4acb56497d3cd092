"""Real sweeps through the real command: searched, pruned, gone on with, taken over, shown."""

import re
import shlex
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from checkout import WITH_PICTURES, Checkout
from studies import COMMAND, parent_and_trials, prepared_view, study_of

pytestmark = pytest.mark.slow

SEARCH = (
    *("-m", "sweep=study", *WITH_PICTURES, "training.patience=null", "sweep.study=small", "sweep.n_trials=4"),
    *("sweep.slots=2", "sweep/pruner=none", "model.latent_dim=choice(1,2,4)", "objective.beta=interval(0.5,2)"),
    "tracking.experiment=small",
)


@pytest.fixture(scope="module")
def searched(checkout: Checkout) -> subprocess.CompletedProcess[str]:
    done = checkout.train(*SEARCH)
    assert done.returncode == 0, done.stderr
    return done


def test_a_study_says_what_it_does(searched) -> None:
    assert searched.stderr == ""
    assert "Study small: at most 4 trials, searching model.latent_dim, objective.beta" in searched.stdout
    assert "points can be trained" in searched.stdout
    assert (
        len(re.findall(r"trial +\d done +latent_dim=\d beta=\S+ +validation/nll [\d.]+ +\(\d/4", searched.stdout)) == 4
    )


def test_a_study_ends_with_its_best_and_what_to_type_next(checkout: Checkout, searched, tmp_path: Path) -> None:
    parent, _ = parent_and_trials(checkout, "small")
    best = study_of(checkout, "small").best_trial
    end = searched.stdout.partition("\n4 done\n")[2].splitlines()
    assert end[0].startswith(f"The best: trial {best.number}, validation/nll {best.value:.5g}: latent_dim=")
    assert end[1] == f"The model of trial {best.number} is small@champion, version 1"
    assert end[2].split() == ["See", "them", "make", "ui"]
    commands = {module: rest for module, *rest in (shlex.split(line.partition("python -m ")[2]) for line in end[3:])}
    assert commands["pipeline.compare"] == [f"runs=[{parent.info.run_id}]"]
    assert commands.pop("pipeline.evaluate") == ["run=small@champion", "evaluation.split=test"]
    assert all(rest == ["run=small@champion"] for module, rest in commands.items() if module != "pipeline.compare")
    for module, out in (("pipeline.compare", "page"), ("pipeline.generate", "made")):
        done = checkout.run(module, *commands[module], f"out={tmp_path / out}")
        assert done.returncode == 0, done.stderr
    assert list(commands) == ["pipeline.compare", "pipeline.generate", "pipeline.serve", "pipeline.reproduce"]


def test_null_and_even_steps_are_searched_as_they_are_written(checkout: Checkout) -> None:
    size = ("dataset.limit=300", "model.hidden=[16]", "training.epochs=1", "pictures=cards")
    space = "+sweep.space={training.patience: [null, 3], objective.beta: 'range(0.1,1.0,0.3)'}"
    first = "sweep.enqueue=[{training.patience: null, objective.beta: 0.7}]"
    done = checkout.train(
        *("-m", "sweep=study", "sweep.study=odd", "sweep/sampler=grid", space, first, *size),
        *("tracking.experiment=odd", "tracking.name=ignored", "sweep.workers=2"),
    )
    assert done.returncode == 0, done.stderr
    assert "tracking.name=ignored has no effect: the run of a study is named after it" in done.stdout
    assert "sweep.workers=2 has no effect: hydra/launcher=basic starts one worker after the other" in done.stdout
    assert "at most 6 trials, every point of the space" in done.stdout
    assert "All of 6 points can be trained" in done.stdout
    _, trials = parent_and_trials(checkout, "odd")
    names = [f"patience={patience} beta={beta}" for patience in ("null", "3") for beta in ("0.1", "0.4", "0.7")]
    assert sorted(run.info.run_name for run in trials.values()) == sorted(names)
    assert trials[0].info.run_name == "patience=null beta=0.7"
    assert trials[0].data.params["training.patience"] == "null"


def test_trial_number_and_run_and_folder_and_value_belong_together(checkout: Checkout, searched) -> None:
    parent, trials = parent_and_trials(checkout, "small")
    study = study_of(checkout, "small")
    assert [trial.number for trial in study.trials] == list(range(4)) == sorted(trials)
    assert parent.info.run_name == "small"
    for trial in study.trials:
        run = trials[trial.number]
        assert run.info.status == "FINISHED"
        assert run.data.tags["study"] == "small"
        assert run.data.params["model.latent_dim"] == str(trial.params["model.latent_dim"])
        assert run.data.metrics["validation/nll"] == trial.value
        assert not any(name.startswith("test/") for name in run.data.metrics), "nobody has looked at the test split"
        assert run.data.metrics["validation/epoch/elbo"] == -trial.intermediate_values[3]
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
    said = parent_and_trials(checkout, "small")[0].data.tags["mlflow.note.content"]
    assert "Compare all trials" in said
    again = checkout.train(*SEARCH)
    assert again.returncode == 0, again.stderr
    assert parent_and_trials(checkout, "small")[0].data.tags["mlflow.note.content"] == said
    assert len(study_of(checkout, "small").trials) == 4


def test_a_changed_space_is_refused(checkout: Checkout, searched) -> None:
    done = checkout.train(*COMMAND, "sweep.study=small", "model.latent_dim=choice(1,2)", "tracking.experiment=small")
    assert done.returncode == 2
    assert "sweep.study=small: a study of this name exists, and its settings differ" in done.stderr
    assert "Traceback" not in done.stderr


def test_trials_that_would_be_evaluated_otherwise_are_refused(checkout: Checkout, searched) -> None:
    done = checkout.train(*SEARCH, "evaluation.importance_samples=7")
    assert done.returncode == 2
    assert re.search(r"config: evaluation\.importance_samples: \d+ before, 7 now", done.stderr)
    assert len(study_of(checkout, "small").trials) == 4


def test_two_objectives_give_a_front_and_conditional_keys_exist_where_they_should(checkout: Checkout) -> None:
    done = checkout.train(
        "-m",
        "sweep=architecture",
        "sweep.study=both",
        "sweep.n_trials=5",
        "sweep/sampler=random",
        "dataset.limit=300",
        "training.epochs=1",
        "pictures=cards",
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
        return checkout.train(*COMMAND, *fixed, *values)

    assert asked("model.latent_dim=1,2,3", "sweep.n_trials=2").returncode == 0
    elsewhere = asked("model.latent_dim=1,2,3", "sweep.n_trials=3", f"tracking.uri=sqlite:///{tmp_path / 'other.db'}")
    assert study_of(checkout, "name").user_attrs["n_trials"] == 2, "a command that is refused changes nothing"
    assert len(study_of(checkout, "name").trials) == 2
    assert elsewhere.returncode == 2
    assert (
        "set the tracking.uri that the study was begun with, or restore the run; or begin another" in elsewhere.stderr
    )

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


def test_what_promises_little_is_pruned_by_one_metric_also_with_two_objectives(checkout: Checkout) -> None:
    done = checkout.train(
        *COMMAND,
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
    assert re.search(
        r"trial   1 pruned  learning_rate=1e-09  at validation/epoch/elbo -4\d[.\d]*, epoch 2/3", done.stdout
    ), done.stdout
    parent, trials = parent_and_trials(checkout, "pruned")
    good, poor = study_of(checkout, "pruned").trials
    assert (good.state.name, poor.state.name) == ("COMPLETE", "PRUNED")
    assert len(checkout.history(trials[0].info.run_id, "validation/epoch/elbo")) == 3
    assert list(poor.intermediate_values.values()) == pytest.approx(
        [-value for _, value in checkout.history(trials[1].info.run_id, "validation/epoch/elbo")]
    )
    assert len(poor.intermediate_values) == 2
    run = trials[1]
    assert (run.info.status, "pruned" in run.data.tags) == ("FINISHED", True)
    assert "Pruned" in run.data.tags["mlflow.note.content"]
    note = parent.data.tags["mlflow.note.content"]
    assert "1 complete, 1 pruned, of 2" in note
    assert "| 0 ◆ |" in note
    assert "The Pareto front, by validation/epoch/elbo:\n  trial 0, validation/rate " in done.stdout
    assert "Sorted by validation/epoch/elbo" in note


def test_a_process_that_trained_before_trains_as_a_new_one_does(checkout: Checkout) -> None:
    """Also after a trial that was pruned, here because a study that maximises wants a lower bound."""
    bound = (
        "sweep/pruner=threshold",
        "sweep.pruner.upper=null",
        "sweep.pruner.lower=-44",
        "sweep.pruner.n_warmup_steps=1",
    )
    done = checkout.train(
        *COMMAND,
        *bound,
        "sweep.study=used",
        "sweep/sampler=grid",
        "sweep.objective=validation/elbo",
        "training.learning_rate=1e-9,0.01,0.02",
        "tracking.experiment=used",
    )
    assert done.returncode == 0, done.stderr
    assert "2 done, 1 pruned" in done.stdout
    _, trials = parent_and_trials(checkout, "used")
    assert "pruned" in trials[0].data.tags
    assert len({run.data.tags["pid"] for run in trials.values()}) == 1, "one process has trained all of them"
    alone = checkout.train(*COMMAND[2:], "training.learning_rate=0.02", "tracking.experiment=alone")
    assert alone.returncode == 0, alone.stderr
    expected = checkout.runs("alone")[0].info.run_id
    for metric in ("train/epoch/loss", "train/epoch/rate", "validation/epoch/loss", "validation/epoch/distortion"):
        assert checkout.history(trials[2].info.run_id, metric) == checkout.history(expected, metric)


def test_an_equal_training_is_taken_over_and_not_trained_again(checkout: Checkout, searched) -> None:
    done = checkout.train(
        *COMMAND,
        "sweep.study=again",
        "sweep.seed=7",
        "sweep.n_trials=2",
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
    first, second = (checkout.history(run.info.run_id, "validation/epoch/loss") for run in (trials[0], source))
    assert first == second
    assert (checkout.artifacts(trials[0].info.run_id) / "config.yaml").exists()
    assert sum("taken_over_from" in run.data.tags for run in trials.values()) == 1
    scored = checkout.run("pipeline.evaluate", f"run={trials[0].info.run_id}")
    assert scored.returncode == 0, scored.stderr


def test_replicates_count_as_their_mean(checkout: Checkout) -> None:
    done = checkout.train(
        *COMMAND,
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
        assert len({run.data.tags["mlflow.runColor"] for run in (whole, *parts)}) == 1, "charts are coloured by trial"


def test_an_epoch_whose_weights_are_not_final_judges_no_trial(checkout: Checkout) -> None:
    study = ("sweep.study=rising", "sweep.n_trials=2", "tracking.experiment=rising", "training.epochs=4")
    rising = ("objective/schedule=warmup", "objective.schedule.epochs=2")
    done = checkout.train(*COMMAND, *study, *rising, "model.latent_dim=1,2")
    assert done.returncode == 0, done.stderr
    assert [sorted(trial.intermediate_values) for trial in study_of(checkout, "rising").trials] == [[3, 4], [3, 4]]
    _, runs = parent_and_trials(checkout, "rising")
    for run in runs.values():
        betas = [value for _, value in checkout.history(run.info.run_id, "train/epoch/beta")]
        assert betas == [0, 0.5, 1, 1]


def test_configs_of_ones_own_are_found_by_the_search_path_of_hydra(checkout: Checkout, tmp_path: Path) -> None:
    """In a study, whose trials other processes compose, in a family, and by `from=` a run that was trained so."""
    own = tmp_path / "model" / "mine.yaml"
    own.parent.mkdir()
    own.write_text((checkout.root / "conf" / "model" / "dense.yaml").read_text().replace("relu", "tanh"))
    place = f"hydra.searchpath=[file://{tmp_path}]"
    study = (
        "sweep.study=placed",
        "sweep.n_trials=1",
        "model=mine",
        "model.latent_dim=1,2",
        "tracking.experiment=placed",
    )
    done = checkout.train(*COMMAND, *study, place)
    assert done.returncode == 0, done.stderr
    _, runs = parent_and_trials(checkout, "placed")
    [trial] = runs.values()
    assert trial.data.params["model.activation"] == "tanh"
    refused = checkout.train(f"from={trial.info.run_id}", "training.epochs=1")
    assert "this run was trained with model=mine, and there is no such option here" in refused.stderr
    again = checkout.train(f"from={trial.info.run_id}", "training.epochs=1", "tracking.experiment=placed_again", place)
    assert again.returncode == 0, again.stderr
    [run] = checkout.runs("placed_again")
    assert run.data.params["model.activation"] == "tanh"
    family = ("-m", "model=mine", "model.latent_dim=1,2", "training.epochs=1", "pictures=few", "evaluation=brief")
    several = checkout.train(*family, "tracking.experiment=placed_family", place)
    assert several.returncode == 0, several.stderr
    assert sum(run.data.params.get("model.activation") == "tanh" for run in checkout.runs("placed_family")) == 2
