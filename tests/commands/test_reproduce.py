"""`python -m pipeline.reproduce`: a run trained once more from its record, and what is said of it."""

import json
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from checkout import SMALL, Checkout, wait_for_epoch
from data_files import pixels
from earlier_records import make_earlier
from mlflow.entities import Run

from pipeline.tracking.run_facts import beginning

pytestmark = pytest.mark.slow

KINDS = {
    "dense": (*SMALL,),
    "learned": (*SMALL, "likelihood=gaussian", "likelihood.learned=true", "training.seed=3", "training.patience=1"),
    "convolutional": (
        *("dataset.limit=300", "model=conv", "model.filters=[4,8]", "training.epochs=3", "pictures=cards"),
        *("objective.beta=2", "objective/schedule=warmup", "objective.schedule.epochs=2"),
    ),
    "drawn": (*SMALL, "dataset.binarisation=each_epoch", "training/schedule=one_cycle"),
    "autoencoder": (*SMALL, "objective=autoencoder", "likelihood=squared_error"),
}


def reproduced(checkout: Checkout, run: Run, *overrides: str) -> subprocess.CompletedProcess[str]:
    return checkout.run("pipeline.reproduce", f"run={beginning(run.info.run_id)}", *overrides)


def trained(checkout: Checkout, experiment: str, *overrides: str) -> Run:
    done = checkout.train(*overrides, f"tracking.experiment={experiment}")
    assert done.returncode == 0, done.stderr
    return checkout.runs(experiment)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_runs_of_every_kind_come_out_again_bit_for_bit(checkout: Checkout, kind: str) -> None:
    run = trained(checkout, kind, *KINDS[kind])
    done = reproduced(checkout, run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bit-identical: " in done.stdout
    assert "and all weights of the model" in done.stdout
    after = checkout.client.get_run(run.info.run_id)
    assert after.data.tags["reproduced"].startswith("bit-identical")
    facts = json.loads((checkout.artifacts(run.info.run_id) / "reproductions" / "1.json").read_text())
    epochs = len(checkout.history(run.info.run_id, "validation/epoch/loss"))
    assert facts["epochs"] == epochs
    assert facts["numbers"] > 10 * epochs, "all numbers of each epoch, and those of the finished model"
    assert after.data.metrics == run.data.metrics
    assert len(checkout.runs(kind)) == 1


def test_trials_of_a_sweep_do_too_those_that_were_pruned_and_taken_over_included(checkout: Checkout) -> None:
    def search(study: str, *more: str) -> list[Run]:
        command = ("-m", "sweep=study", *SMALL, "sweep/sampler=grid", f"sweep.study={study}", *more)
        done = checkout.train(*command, "training.learning_rate=0.01,1e-9", f"tracking.experiment={study}")
        assert done.returncode == 0, done.stderr
        found = checkout.runs(study, "tags.trial != ''")
        return sorted(found, key=lambda run: int(run.data.tags["trial"]))

    bound = ("sweep/pruner=threshold", "sweep.pruner.upper=44", "sweep.pruner.n_warmup_steps=1")
    good, poor = search("first", *bound)
    assert "pruned" in poor.data.tags
    again, _ = search("second", *bound)
    for run in (good, poor, again):
        done = reproduced(checkout, run)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "bit-identical: " in done.stdout
    assert f"Taken over from run {good.info.run_id}, which is reproduced" in done.stdout
    for command in ("pipeline.generate", "pipeline.serve"):
        done = checkout.run(command, f"run={poor.info.run_id}")
        assert done.returncode == 2
        assert f"run {poor.info.run_id} was ended early by its study and has no model. Train its point" in done.stderr


def test_a_run_that_was_interrupted_and_gone_on_with_does_also_if_an_earlier_version_recorded_it(
    checkout: Checkout,
) -> None:
    process = checkout.start(
        "pipeline.train", *SMALL, "training.epochs=40", "training.patience=null", "tracking.experiment=resumed"
    )
    wait_for_epoch(process, 2)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    [run] = checkout.runs("resumed")
    record = checkout.artifacts(run.info.run_id) / "config.yaml"
    config = yaml.safe_load(record.read_text())
    make_earlier(config)
    record.write_text(yaml.safe_dump(config))
    resumed = checkout.train(f"resume={run.info.run_id}")
    assert resumed.returncode == 0, resumed.stderr
    done = reproduced(checkout, checkout.runs("resumed")[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bit-identical: " in done.stdout
    assert "of 40 epochs" in done.stdout


def test_a_run_that_began_with_the_weights_of_another_does(checkout: Checkout) -> None:
    first = trained(checkout, "began", *SMALL)
    second = trained(checkout, "began", f"from={first.info.run_id}", f"init={first.info.run_id}")
    before, after = (checkout.history(run.info.run_id, "validation/epoch/loss") for run in (first, second))
    assert after[0][1] < before[-1][1], "it goes on where the other ended"
    done = reproduced(checkout, second)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bit-identical: " in done.stdout


def test_one_byte_of_the_data_or_another_seed_is_found_and_named(checkout: Checkout, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8), dtype=np.uint8)
    arrays = {"images": images, "labels": np.arange(200) % 2}
    np.savez(tmp_path / "mine.npz", **arrays)
    small = ("dataset=npz", f"dataset.dir={tmp_path / 'mine.npz'}", "model.hidden=[8]", "training.epochs=2")
    run = trained(checkout, "changed", *small, "pictures=cards")
    assert reproduced(checkout, run).returncode == 0

    images[:, 4, 4] ^= np.eye(1, 200, dtype=np.uint8)[0]  # one byte
    np.savez(tmp_path / "mine.npz", **arrays)
    done = reproduced(checkout, run)
    assert done.returncode == 1
    assert "not the same: " in done.stdout
    fingerprint = run.data.tags["data_fingerprint"][:12]
    assert f"data fingerprint was {fingerprint}, is " in done.stdout
    images[:, 4, 4] ^= np.eye(1, 200, dtype=np.uint8)[0]
    np.savez(tmp_path / "mine.npz", **arrays)

    record = checkout.artifacts(run.info.run_id) / "config.yaml"
    config = yaml.safe_load(record.read_text())
    config["training"]["seed"] = 1
    record.write_text(yaml.safe_dump(config))
    for name, before in (("tensorflow", "2.0.0"), ("onednn", "0"), ("commit", "before")):
        checkout.client.set_tag(run.info.run_id, name, before)
    done = reproduced(checkout, run)
    assert done.returncode == 1
    assert "not the same: train/epoch/loss of epoch 1 is " in done.stdout
    for phrase in ("seed was 0, is 1", "tensorflow was 2.0.0, is 2.", "onednn was 0, is ", "commit was before, is "):
        assert phrase in done.stdout
    assert checkout.client.get_run(run.info.run_id).data.tags["reproduced"].startswith("not the same")


def test_a_target_outside_the_allowed_packages_is_refused_and_never_executed(
    checkout: Checkout, tmp_path: Path
) -> None:
    run = trained(checkout, "hostile", *SMALL)
    record = checkout.artifacts(run.info.run_id) / "config.yaml"
    config = yaml.safe_load(record.read_text())
    config["likelihood"] = {"_target_": "pathlib.Path.touch", "self": str(tmp_path / "executed")}
    config["trusted"] = ["pathlib"]
    record.write_text(yaml.safe_dump(config))
    for done in (reproduced(checkout, run), checkout.train(f"from={run.info.run_id}")):
        assert done.returncode == 2
        assert "likelihood._target_=pathlib.Path.touch: only pipeline, keras.activations" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], "run: Missing mandatory value: run. Give it a value: run=…"),
        (["run=nothing"], "run nothing is not in sqlite"),
        (["run=nothing@champion"], "run nothing@champion is not in sqlite"),
    ],
)
def test_mistakes_are_named(checkout: Checkout, overrides: list[str], words: str) -> None:
    done = checkout.run("pipeline.reproduce", *overrides)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_runs_that_hold_others_or_did_not_end_well_are_refused(checkout: Checkout) -> None:
    done = checkout.train("-m", "training.seed=0,1", *SMALL, "tracking.experiment=held")
    assert done.returncode == 0, done.stderr
    parent = checkout.runs("held")[-1]
    done = reproduced(checkout, parent)
    assert done.returncode == 2
    assert "holds several trainings. Name one of: seed=0" in done.stderr
    done = checkout.train(f"from={parent.info.run_id}")
    assert done.returncode == 2
    assert f"from={parent.info.run_id}: this run is not one training. Name one below it" in done.stderr
    checkout.train(*SMALL, "training.learning_rate=1e30", "tracking.experiment=diverged")
    done = reproduced(checkout, checkout.runs("diverged")[0])
    assert done.returncode == 2
    assert "is FAILED; expected one that is finished" in done.stderr


def test_data_that_were_moved_are_asked_for_by_the_key_of_the_command(checkout: Checkout, tmp_path: Path) -> None:
    kept = tmp_path / "kept.npz"
    np.savez(kept, x_train=pixels(60, 8, 8), y_train=np.arange(60) % 2)
    done = checkout.train(*SMALL, "dataset=npz", f"dataset.dir={kept}", "tracking.experiment=moved")
    assert done.returncode == 0, done.stderr
    kept.rename(tmp_path / "moved.npz")
    [run] = checkout.runs("moved")
    lost = checkout.run("pipeline.reproduce", f"run={run.info.run_id}")
    assert lost.returncode == 2
    assert "Set dataset_dir=/path/to/file.npz" in lost.stderr
    done = checkout.run("pipeline.reproduce", f"run={run.info.run_id}", f"dataset_dir={tmp_path / 'moved.npz'}")
    assert done.returncode == 0, done.stdout + done.stderr
