"""What fails late costs nothing of what came before: a picture, the scores, a full disk, a run that was deleted."""

import re
import shlex
from pathlib import Path

import pytest
from checkout import SMALL, Checkout
from mlflow.entities import LoggedModelStatus

pytestmark = pytest.mark.slow

OWN = '''
from pathlib import Path

import keras

from pipeline.evaluation.settings import EvaluationSettings
from pipeline.models.dense import Dense


@keras.saving.register_keras_serializable("mine")
class Skip(keras.layers.Layer):
    """Passes on what it is given; the diagram of the network asks the lengths of its strides, which it has not."""

    strides = 2

    def call(self, values):
        return values


class Network(Dense):
    def features(self, images):
        return Skip()(super().features(images))


class Scores(EvaluationSettings):
    def __getattribute__(self, name):
        if name == "nll_images" and Path(__file__).with_name("broken").exists():
            raise RuntimeError("no score today")
        return super().__getattribute__(name)
'''
MINE = ("trusted=[mine]", "pictures=default", "pictures.epochs=[]", "pictures.final=[structure,reconstructions]")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A directory with a module of the user's own."""
    (tmp_path / "mine.py").write_text(OWN)
    return tmp_path


def test_a_picture_that_fails_is_a_warning_beside_model_scores_and_other_pictures(
    checkout: Checkout, mine: Path
) -> None:
    where = ("model._target_=mine.Network", "tracking.experiment=undrawn")
    done = checkout.train(*SMALL, *MINE, *where, cwd=mine)
    assert done.returncode == 0, done.stderr
    warning = "structure.png could not be drawn and is left out: TypeError: 'int' object is not iterable"
    assert warning in done.stdout
    [run] = checkout.runs("undrawn")
    assert run.info.status == "FINISHED"
    note = run.data.tags["mlflow.note.content"]
    assert "ELBO, nats per image" in note
    assert "**Not drawn**" in note
    assert "- structure.png: 'int' object is not iterable" in note
    files = {path.name for path in checkout.artifacts(run.info.run_id).iterdir()}
    assert {"reconstructions.png", "config.yaml", "not_drawn.txt"} <= files
    assert "structure.png" not in files
    assert "Traceback" in (checkout.artifacts(run.info.run_id) / "not_drawn.txt").read_text()
    [stored] = run.outputs.model_outputs
    model = checkout.client.get_logged_model(stored.model_id)
    assert model.status == LoggedModelStatus.READY
    assert {each.key: each.value for each in model.metrics}["test/elbo"] == run.data.metrics["test/elbo"]
    assert len(checkout.client.get_metric_history(run.info.run_id, "test/elbo")) == 1


def test_scores_that_fail_leave_the_model_and_are_had_by_going_on(checkout: Checkout, mine: Path) -> None:
    (mine / "broken").touch()
    where = ("evaluation._target_=mine.Scores", "tracking.experiment=unscored")
    failed = checkout.train(*SMALL, *MINE, *where, cwd=mine)
    assert failed.returncode == 1
    assert "RuntimeError: no score today" in failed.stderr
    [run] = checkout.runs("unscored")
    assert run.info.status == "FAILED"
    [stored] = run.outputs.model_outputs
    assert checkout.client.get_logged_model(stored.model_id).status == LoggedModelStatus.READY
    [cure] = re.findall(r"^3 epochs done.* Go on with: python -m pipeline.train (.+)$", failed.stderr, re.MULTILINE)
    assert cure in run.data.tags["mlflow.note.content"]

    (mine / "broken").unlink()
    done = checkout.train(*shlex.split(cure), cwd=mine)
    assert done.returncode == 0, done.stderr
    after = checkout.client.get_run(run.info.run_id)
    assert after.info.status == "FINISHED"
    assert "test/nll" in after.data.metrics
    assert [each.model_id for each in after.outputs.model_outputs] == [stored.model_id]


@pytest.mark.parametrize("number", [2, 3, 5])
def test_a_handful_of_images_is_trained_on_drawn_and_kept(checkout: Checkout, number: int) -> None:
    settings = ("model.hidden=[4]", "training.epochs=1", f"tracking.experiment=few{number}")
    done = checkout.train(f"dataset.limit={number}", "dataset.validation=test", *settings)
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs(f"few{number}")
    assert run.info.status == "FINISHED"
    assert checkout.client.get_logged_model(run.outputs.model_outputs[0].model_id).status == LoggedModelStatus.READY
    assert "could not be drawn" not in done.stdout


@pytest.mark.fault("deleted", "a run was deleted in the UI")
def test_a_deleted_run_is_named_by_every_command_with_a_cure_that_works(checkout: Checkout) -> None:
    """Commands that read it name it with the cure, which works."""
    assert checkout.train(*SMALL, "tracking.experiment=deleted").returncode == 0
    [run] = checkout.runs("deleted")
    checkout.client.delete_run(run.info.run_id)
    commands = {
        "pipeline.train": [[f"resume={run.info.run_id}"], [f"from={run.info.run_id}"], [f"init={run.info.run_id}"]],
        "pipeline.evaluate": [[f"run={run.info.run_id}"]],
        "pipeline.generate": [[f"run={run.info.run_id}"]],
        "pipeline.reproduce": [[f"run={run.info.run_id}"]],
        "pipeline.compare": [[f"runs=[{run.info.run_id}]"]],
    }
    for module, lines in commands.items():
        for line in lines:
            done = checkout.run(module, *line)
            assert (done.returncode, "Traceback" in done.stderr) == (2, False), (module, line, done.stderr)
            assert f"run {run.info.run_id} was deleted from" in done.stderr
            assert "Restore it in the MLflow UI" in done.stderr
    checkout.client.restore_run(run.info.run_id)
    assert checkout.run("pipeline.evaluate", f"run={run.info.run_id}").returncode == 0


def test_a_family_of_which_every_training_was_refused_has_failed(checkout: Checkout) -> None:
    done = checkout.train("-m", *SMALL, "dataset.validation=100000,200000", "tracking.experiment=refused")
    assert done.returncode != 0
    assert "No training finished: " in done.stderr
    assert "Traceback" not in done.stderr
    assert [run.info.status for run in checkout.runs("refused")] == ["FAILED"]
