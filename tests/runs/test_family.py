"""`-m`: several trainings under one parent run that shows them side by side."""

import re
import shlex
import signal
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from checkout import SMALL, Checkout, wait_for_epoch
from mlflow.entities import Run
from omegaconf import OmegaConf
from PIL import Image

from pipeline.runs.family_resumption import earlier_attempt
from pipeline.tracking.run_facts import beginning
from pipeline.tracking.store import Store

pytestmark = pytest.mark.slow

PRESET = """# @package _global_
# Two of mine.
tracking:
  experiment: mine
sweep:
  points:
    plain: {objective: autoencoder}
    it's a VAE, with = in its name: {model.latent_dim: 3}
"""


def parent_and_children(checkout: Checkout, experiment: str) -> tuple[Run, list[Run]]:
    runs = checkout.runs(experiment)
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == len(runs) - 1
    return parent, children[::-1]


@pytest.fixture(scope="module")
def preset(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of configs with a preset of two named points, which have been trained."""
    folder = tmp_path_factory.mktemp("configs")
    (folder / "experiment").mkdir()
    (folder / "experiment" / "mine.yaml").write_text(PRESET)
    done = checkout.train("-m", "--config-dir", str(folder), "experiment=mine", *SMALL)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    parent, _ = parent_and_children(checkout, "mine")
    assert f"All trainings: {parent.info.run_name}, run {parent.info.run_id}" in done.stdout
    assert f"python -m pipeline.compare 'runs=[{parent.info.run_id}]'\n" in done.stdout
    assert re.search(r"See them +make ui\n", done.stdout)
    assert "The best: it's a VAE, with = in its name, ELBO -" in done.stdout, "of the other, no likelihood is known"
    assert done.stdout.count(" images to train on, ") == 3, "once for each training, and once for their picture"
    return folder


def test_a_presets_points_become_children_named_by_it(checkout: Checkout, preset: Path) -> None:
    parent, children = parent_and_children(checkout, "mine")
    assert parent.info.run_name == "experiment=mine limit=300 hidden=[16] epochs=3"
    assert [run.info.run_name for run in children] == ["plain", "it's a VAE, with = in its name"]
    assert {run.info.status for run in (parent, *children)} == {"FINISHED"}
    assert [run.data.params["model.latent_dim"] for run in children] == ["2", "3"]
    assert [run.data.params["objective.sampling"] for run in children] == ["false", "true"]


def test_the_command_that_a_family_ends_with_compares_it_where_it_is(checkout: Checkout, tmp_path: Path) -> None:
    elsewhere = f"tracking.uri=sqlite:///{tmp_path / 'other.db'}"
    done = checkout.train("-m", "model.latent_dim=1,2", *SMALL, "training.epochs=1", elsewhere)
    assert done.returncode == 0, done.stderr
    commands = printed_commands(done.stdout)
    assert list(commands) == ["pipeline.compare", "pipeline.generate", "pipeline.serve", "pipeline.reproduce"]
    done_next = checkout.run("pipeline.compare", *commands["pipeline.compare"], f"out={tmp_path / 'out'}")
    assert done_next.returncode == 0, done_next.stderr
    table = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert set(table["model.latent_dim"]) == {1, 2}
    best = table.loc[table["test/nll"].idxmin()]
    assert f"The best: latent_dim={best['model.latent_dim']}, ELBO " in done.stdout
    for module, arguments in commands.items():
        if module == "pipeline.generate":
            assert checkout.run(module, *arguments, "what.n=2", f"out={tmp_path / 'made'}").returncode == 0
        else:
            composed = checkout.run(module, *arguments, "--cfg", "job", "--resolve")
            assert composed.returncode == 0, composed.stderr
            assert f"uri: sqlite:///{tmp_path / 'other.db'}" in composed.stdout
    assert (tmp_path / "made" / "samples.png").exists()


def test_a_family_that_is_scored_on_validation_images_has_its_best_by_them(checkout: Checkout) -> None:
    by_validation = ("evaluation.split=validation", "tracking.experiment=by_validation")
    done = checkout.train("-m", "model.latent_dim=1,2", *SMALL, "training.epochs=1", *by_validation)
    assert done.returncode == 0, done.stderr
    parent, children = parent_and_children(checkout, "by_validation")
    best = min(children, key=lambda run: run.data.metrics["validation/nll"])
    shown = f"NLL {best.data.metrics['validation/nll']:.2f} nats on the validation split, run {best.info.run_id}"
    assert f"The best: {best.info.run_name}, ELBO " in done.stdout
    assert shown in done.stdout
    described = parent.data.tags["mlflow.note.content"]
    assert "Scores of the validation split" in described
    assert f"**{best.data.metrics['validation/nll']:.4g}**" in described


def printed_commands(said: str) -> dict[str, list[str]]:
    """What a command that trained several says to type next: modules with their arguments."""
    lines = [shlex.split(line.partition(" python -m ")[2]) for line in said.splitlines() if " python -m " in line]
    return {module: arguments for module, *arguments in lines}


def test_the_parent_shows_all_in_one_table_and_one_picture(checkout: Checkout, preset: Path) -> None:
    parent, children = parent_and_children(checkout, "mine")
    folder = checkout.artifacts(parent.info.run_id)
    table = pd.read_csv(folder / "runs.csv", index_col="run")
    plain, vae = (table.loc[child.info.run_name] for child in children)
    assert plain[["elbo", "rate", "nll"]].isna().all(), "latents without noise bound no likelihood"
    assert vae["elbo"] == pytest.approx(children[1].data.metrics["test/elbo"])
    assert "1 run without ELBO and rate: latents without noise bound no" in parent.data.tags["mlflow.note.content"]
    for child in children:
        assert table.loc[child.info.run_name, "mse"] == pytest.approx(child.data.metrics["test/mse"])
        assert f"| {child.info.run_name} |" in parent.data.tags["mlflow.note.content"]
        assert child.data.params["likelihood"] == "Bernoulli"
    assert min(Image.open(folder / "side_by_side.png").size) > 500


def test_a_family_that_is_scored_on_different_splits_has_no_best(checkout: Checkout) -> None:
    values = ("evaluation.split=test,validation", "tracking.experiment=elsewhere")
    done = checkout.train("-m", *values, *SMALL, "training.epochs=1")
    assert done.returncode == 0, done.stderr
    assert "No training is the best: not all have the scores" in done.stdout


def test_a_preset_without_m_is_one_training(checkout: Checkout, preset: Path) -> None:
    done = checkout.train("--config-dir", str(preset), "experiment=mine", *SMALL, "tracking.experiment=alone")
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs("alone")
    assert "mlflow.parentRunId" not in run.data.tags


def test_members_of_several_data_sets_are_in_the_experiment_of_their_parent(checkout: Checkout, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(60) % 2)
    size = ("dataset.limit=300", "model.hidden=[16]", "training.epochs=1", "pictures=few", "pictures.final=[]")
    done = checkout.train("-m", "dataset=digits,npz", f"dataset.dir={tmp_path / 'mine.npz'}", *size)
    assert done.returncode == 0, done.stderr
    assert "no effect" not in done.stdout, "the files are of one of the data sets"
    _, children = parent_and_children(checkout, "digits")
    assert [run.info.run_name for run in children] == ["dataset=digits", "dataset=npz"]


def test_steps_and_null_are_named_as_they_were_typed(checkout: Checkout) -> None:
    values = ("training.patience=choice(null,3)", "objective.beta=range(0.1,0.4,0.2)")
    done = checkout.train("-m", *values, *SMALL, "training.epochs=1", "tracking.experiment=steps")
    assert done.returncode == 0, done.stderr
    assert "training.epochs=3 has no effect: training.epochs=1 follows" in done.stdout
    _, children = parent_and_children(checkout, "steps")
    names = [f"patience={patience} beta={beta}" for patience in ("null", "3") for beta in ("0.1", "0.3")]
    assert [run.info.run_name for run in children] == names
    assert {run.data.params["objective.beta"] for run in children} == {"0.1", "0.3"}


def test_a_grid_gets_a_parent_and_its_children_are_named_by_what_varies(checkout: Checkout) -> None:
    done = checkout.train("-m", "model.latent_dim=1,2", *SMALL, "tracking.experiment=grid")
    assert done.returncode == 0, done.stderr
    parent, children = parent_and_children(checkout, "grid")
    assert [run.info.run_name for run in children] == ["latent_dim=1", "latent_dim=2"]
    assert "model.latent_dim=1,2" in parent.info.run_name
    assert not list(checkout.artifacts(children[0].info.run_id).glob("*.gif")), "few pictures were asked for"
    best = max(child.data.metrics["test/elbo"] for child in children)
    shown = parent.data.tags["mlflow.note.content"]
    assert f"| **{best:.4g}** |" in shown
    assert shown.partition("| run")[2].count("**") == 2 * 4, (
        "of ELBO, NLL, MSE and accuracy one each: of the rate none is best"
    )


def test_none_is_the_best_where_data_or_likelihood_differ(checkout: Checkout) -> None:
    done = checkout.train("-m", "likelihood=bernoulli,squared_error", *SMALL, "tracking.experiment=unlike")
    assert done.returncode == 0, done.stderr
    assert "No training is the best: they differ in likelihood" in done.stdout
    assert "Generate from likelihood=bernoulli  python -m" in done.stdout
    parent, _ = parent_and_children(checkout, "unlike")
    note = parent.data.tags["mlflow.note.content"]
    names, _, *rows = [[cell.strip() for cell in line.split("|")] for line in note.splitlines() if "|" in line]
    bold = {name for row in rows for name, cell in zip(names, row, strict=True) if cell.startswith("**")}
    assert bold == {"mse", "knn_accuracy"}, "which contain no likelihood"
    assert "test/elbo, test/nll, test/distortion cannot be compared: the runs differ in likelihood." in note
    assert "nan" not in parent.data.tags["mlflow.note.content"]


def test_an_interrupted_family_goes_on_where_it_was_and_takes_new_members(checkout: Checkout) -> None:
    size = ("dataset.limit=300", "model.hidden=[16]", "pictures=few", "pictures.final=[]", "training.patience=null")
    command = ("-m", *size, "tracking.experiment=stopped")
    process = checkout.start("pipeline.train", *command, "training.epochs=2,60")
    assert process.stdout
    next(line for line in process.stdout if line.startswith("epoch  5/60"))
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    parent, before = parent_and_children(checkout, "stopped")
    assert f"And with all: the same command with resume={parent.info.run_id}" in err
    assert [run.info.status for run in (parent, *before)] == ["KILLED", "FINISHED", "KILLED"]

    other = checkout.train(*command, "training.batch_size=7", "training.epochs=2,60", f"resume={parent.info.run_id}")
    assert other.returncode == 2
    assert "epochs=2 was begun with training.batch_size=32, now it is 7. Set it back, or train all anew" in other.stderr

    done = checkout.train(*command, "training.epochs=2,60,1", f"resume={beginning(parent.info.run_id)}")
    assert done.returncode == 0, done.stderr
    parent, after = parent_and_children(checkout, "stopped")
    assert [run.info.run_name for run in after] == ["epochs=2", "epochs=60", "epochs=1"]
    assert {run.info.status for run in (parent, *after)} == {"FINISHED"}
    assert [run.info.run_id for run in after[:2]] == [run.info.run_id for run in before]
    assert after[0].info.end_time == before[0].info.end_time
    assert [step for step, _ in checkout.history(after[1].info.run_id, "validation/epoch/loss")] == list(range(1, 61))
    assert "Killed" not in parent.data.tags["mlflow.note.content"]


def test_a_family_of_one_goes_on_with_its_training_unless_a_setting_has_changed(checkout: Checkout) -> None:
    size = ("dataset.limit=300", "model.hidden=[16]", "pictures=few", "pictures.final=[]", "training.patience=null")
    command = ("-m", *size, "training.epochs=60", "tracking.experiment=alone_stopped")
    process = checkout.start("pipeline.train", *command)
    wait_for_epoch(process, 5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    parent, [before] = parent_and_children(checkout, "alone_stopped")
    for named in ((), ("tracking.name=another",)):
        other = checkout.train(*command, *named, "training.batch_size=7", f"resume={parent.info.run_id}")
        assert other.returncode == 2
        assert "was begun with training.batch_size=32, now it is 7. Set it back, or train all anew" in other.stderr

    done = checkout.train(*command, f"resume={parent.info.run_id}")
    assert done.returncode == 0, done.stderr
    _, [after] = parent_and_children(checkout, "alone_stopped")
    assert after.info.run_id == before.info.run_id
    assert [step for step, _ in checkout.history(after.info.run_id, "validation/epoch/loss")] == list(range(1, 61))


OWN = """# @package _global_
model: {_target_: mine.Mine}
tracking: {experiment: own, offline: always}
"""


def test_a_member_goes_on_with_what_the_command_and_its_preset_decide_of_it(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from pipeline.models.dense import Dense\n\n\nclass Mine(Dense): pass\n")
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "own.yaml").write_text(OWN)
    size = ("dataset.limit=300", "model.hidden=[16]", "pictures=few", "pictures.final=[]", "training.patience=null")
    typed = ("experiment=own", "trusted=[mine]", "tracking.checkpoint_minutes=0.5")
    command = ("-m", "--config-dir", str(tmp_path), *typed, *size, "training.epochs=60", "training.seed=1,2")
    process = checkout.start("pipeline.train", *command, cwd=tmp_path)
    wait_for_epoch(process, 5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    parent, [stopped] = parent_and_children(checkout, "own")
    done = checkout.train(*command, f"resume={parent.info.run_id}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    _, children = parent_and_children(checkout, "own")
    assert [run.info.status for run in children] == ["FINISHED"] * 2
    jobs = [OmegaConf.load(path) for path in (checkout.root / "mlruns" / "jobs").glob("*/*/*/.hydra/config.yaml")]
    [job] = [each for each in jobs if each.resume == stopped.info.run_id]
    assert job.trusted == ["mine"]
    assert (job.tracking.offline, job.tracking.checkpoint_minutes) == ("always", 0.5)


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("0123456789abcdef0123456789abcdef", "run 0123456789abcdef0123456789abcdef is not in sqlite"),
        ("child", "this run has no trainings below it. To go on with one run, leave -m out"),
        ("parent", "this run is finished"),
    ],
)
def test_a_family_that_cannot_go_on_is_refused(checkout: Checkout, preset: Path, which: str, message: str) -> None:
    parent, children = parent_and_children(checkout, "mine")
    run_id = {"parent": parent.info.run_id, "child": children[0].info.run_id}.get(which, which)
    done = checkout.train("-m", *SMALL, "model.latent_dim=1,2", "tracking.experiment=none", f"resume={run_id}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert checkout.client.get_experiment_by_name("none") is None


def test_many_trainings_in_one_process_are_as_quiet_as_one(checkout: Checkout) -> None:
    done = checkout.train(
        "-m", "training.seed=range(0,6)", *SMALL, "evaluation=brief", "training.epochs=1", "tracking.experiment=many"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    _, children = parent_and_children(checkout, "many")
    assert [run.info.run_name for run in children] == [f"seed={seed}" for seed in range(6)]


def test_one_training_may_fail_and_the_others_go_on(checkout: Checkout) -> None:
    done = checkout.train("-m", "training.learning_rate=1e30,0.001", *SMALL, "tracking.experiment=failing")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    parent, children = parent_and_children(checkout, "failing")
    assert [run.info.status for run in children] == ["FAILED", "FINISHED"]
    assert "Not finished: learning_rate=1e+30 (failed)" in parent.data.tags["mlflow.note.content"]


def test_a_wrong_setting_of_the_last_training_is_refused_before_the_first_begins(checkout: Checkout) -> None:
    done = checkout.train("-m", "model.latent_dim=2,0", *SMALL, "tracking.experiment=unchecked")
    assert done.returncode == 2
    assert "latent_dim=0: model.latent_dim=0: expected a number greater than 0" in done.stderr
    assert checkout.client.get_experiment_by_name("unchecked") is None


def test_a_wrong_key_in_a_grid_is_refused_before_anything_is_recorded(checkout: Checkout) -> None:
    done = checkout.train("-m", "model.latent_dm=1,2", *SMALL, "tracking.experiment=mistyped")
    assert done.returncode == 2
    assert "model.latent_dm: no such key. Did you mean model.latent_dim?" in done.stderr
    assert checkout.client.get_experiment_by_name("mistyped") is None


def test_a_job_that_is_started_again_finds_the_run_of_its_earlier_start(tmp_path: Path) -> None:
    before = mlflow.get_tracking_uri()
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    store = Store(uri)
    mlflow.set_tracking_uri(before)
    experiment = store.experiment("tests")
    parent = store.client.create_run(experiment).info.run_id

    def run_of(name: str, status: str) -> str:
        run_id = store.client.create_run(experiment, run_name=name, tags={"mlflow.parentRunId": parent}).info.run_id
        store.client.set_terminated(run_id, status)
        return run_id

    def found(name: str, parent: str | None = parent) -> str | None:
        tracking = {"uri": uri, "experiment": "tests", "name": name, "parent": parent, "tags": {}, "params": {}}
        tracking["checkpoint_minutes"] = None
        run = earlier_attempt({"_target_": "pipeline.tracking.settings.TrackingSettings", **tracking})
        return run.info.run_id if run else None

    preempted = run_of("preempted", "KILLED")
    ended = run_of("ended", "FINISHED")
    run_of("diverged", "FAILED")
    assert [found(each) for each in ("preempted", "ended", "diverged", "new")] == [preempted, ended, None, None]
    assert found("preempted", None) is None, "a training of its own"
