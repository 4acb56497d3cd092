"""The race to a loss: its rules, with programs that need no library, and that both real ones mean the same loss."""

import json
import math
import os
import subprocess
import sys
from io import StringIO

import numpy as np
import pytest
from data_files import IDX_FILES, write_idx
from rich.console import Console

from benchmarks import tables
from benchmarks.network import IMAGE_SHAPE, config_for
from benchmarks.programs import Program, Target
from benchmarks.race import OVERRIDES, PUBLISHED_LOSS, race
from benchmarks.racers.task import RaceTask
from pipeline import ROOT

pytestmark = pytest.mark.slow

PROGRAM = """
def run(task, turn):
    losses = {losses}
    turn.ready()
    for epoch, loss in enumerate(losses):
        turn.wait()
        if loss is None:
            raise ValueError("out of steam")
        turn.report({seconds}, loss=loss, last=epoch + 1 == len(losses))
    turn.wait()
"""
TASK = RaceTask((), "", "", 0, seed=3, threads=1)


@pytest.fixture
def racing(tmp_path, monkeypatch):
    """The record of a race to the published loss between two programs of which only seconds and losses are given."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def outcome(ours, peer, target_loss=PUBLISHED_LOSS, say=lambda _: None):
        for name, (seconds, losses) in {"our_racer": ours, "their_racer": peer}.items():
            (tmp_path / f"{name}.py").write_text(PROGRAM.format(seconds=seconds, losses=losses))
        programs = Program("ours", "our_racer"), Program("peer", "their_racer", target=Target(2.0))
        return race(*programs, TASK, target_loss, say)

    return outcome


def test_who_reaches_the_target_leaves_and_the_other_goes_on_alone(racing):
    said = []
    record = racing((2.0, [160.0, 151.33, 150.0]), (3.0, [170.0, 160.0, 152.0, 151.0, 140.0]), say=said.append)
    assert record["seed"] == 3
    assert record["programs"]["ours"] == {
        "epochs": 2,
        "seconds": [2.0, 2.0],
        "losses": [160.0, 151.33],
        "seconds_to_target": 4.0,
    }
    assert record["programs"]["peer"]["losses"] == [170.0, 160.0, 152.0, 151.0]
    assert record["comparison"] == {"ratio": 3.0, "at_least": None, "target": 2.0, "verdict": "met"}
    assert 0 <= record["others_share_of_cores"]["mean"] <= record["others_share_of_cores"]["max"]
    assert said[-6:] == [
        f"seed 3, epoch {turn}" for turn in ("1: ours", "1: peer", "2: peer", "2: ours", "3: peer", "4: peer")
    ]


def test_a_target_that_is_missed_says_by_how_much(racing):
    record = racing((2.0, [151.0]), (3.0, [151.0]))
    assert record["comparison"]["verdict"] == "missed by 0.50"


def test_the_ratio_is_judged_at_the_published_loss_only(racing):
    record = racing((2.0, [299.0]), (3.0, [299.0]), target_loss=300.0)
    assert record["comparison"] == {"ratio": 1.5, "at_least": None}


@pytest.mark.parametrize(("epochs", "verdict"), [(3, "met"), (1, "open")])
def test_a_peer_that_never_reaches_the_target_bounds_the_ratio_from_below(racing, epochs, verdict):
    record = racing((2.0, [151.0]), (3.0, [160.0] * epochs))
    assert record["programs"]["peer"]["epochs"] == epochs
    assert record["programs"]["peer"]["seconds_to_target"] is None
    assert record["comparison"] == {"ratio": None, "at_least": 1.5 * epochs, "target": 2.0, "verdict": verdict}


def test_we_cannot_win_without_reaching_the_target(racing):
    record = racing((2.0, [543.0, 152.0]), (3.0, [160.0]))
    assert record["programs"]["ours"]["seconds_to_target"] is None
    assert record["comparison"] == {"ratio": None, "at_least": None, "target": 2.0, "verdict": "missed: never there"}


def test_a_program_that_breaks_is_out_and_the_other_goes_on(racing):
    record = racing((2.0, [160.0, 151.0]), (3.0, [160.0, None, 150.0]))
    assert record["absent"]["peer"].strip().endswith("ValueError: out of steam")
    assert list(record["programs"]) == ["ours"]
    assert record["programs"]["ours"]["seconds_to_target"] == 4.0
    assert record["comparison"] == {}


def test_the_table_shows_both_ways_and_the_ratio(racing):
    records = [
        racing((2.0, [160.0, 151.0]), (3.0, [170.0, 160.0, 150.5])),
        racing((2.0, [151.0]), (3.0, [160.0, 160.0])),
        racing((2.0, [151.0]), (3.0, [None])),
    ]
    console = Console(width=150, record=True, file=StringIO())
    tables.show_races(console, {"command": "train", "target_loss": PUBLISHED_LOSS, "races": records})
    text = console.export_text()
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line.startswith("│")]
    assert "race to a validation loss of 151.33 nats, ours: train" in text
    assert rows == [
        ["3", "ours", "2", "2.0 s", "2.0 s", "151.00", "4.0 s", "", "", ""],
        ["3", "peer", "3", "3.0 s", "3.0 s", "150.50", "9.0 s", "2.25x", "≥ 2x", "met"],
        ["3", "ours", "1", "2.0 s", "2.0 s", "151.00", "2.0 s", "", "", ""],
        ["3", "peer", "2", "3.0 s", "3.0 s", "160.00", "never, in 6 s", "> 3.00x", "≥ 2x", "met"],
        ["3", "ours", "1", "2.0 s", "2.0 s", "151.00", "2.0 s", "", "", ""],
    ]
    assert "peer: ValueError: out of steam" in text


def test_our_racer_is_the_fast_preset_on_the_test_images():
    config = config_for(*OVERRIDES)
    assert config["dataset"]["validation"] == "test"
    assert {key: config["training"][key] for key in ("epochs", "batch_size", "learning_rate", "patience")} == {
        "epochs": 8,
        "batch_size": 128,
        "learning_rate": 0.008,
        "patience": None,
    }


def test_both_programs_mean_the_same_by_the_loss():
    from benchmarks.peers.keras_tutorial import VariationalAutoencoder, make_decoder, make_encoder
    from pipeline.models.vae import assemble
    from pipeline.runs.setup import Setup

    setup = Setup.from_config(config_for(*OVERRIDES))
    ours = assemble(
        architecture=setup.model,
        likelihood=setup.likelihood,
        objective=setup.objective,
        image_shape=IMAGE_SHAPE,
        seed=0,
    )
    theirs = VariationalAutoencoder(make_encoder(), make_decoder())
    weights = theirs.encoder.get_weights()
    weights[-2:] = [np.zeros((16, 2), np.float32), np.full(2, -40.0, np.float32)]  # no noise to speak of
    for model in (ours, theirs):
        model.encoder.set_weights(weights)
        model.decoder.set_weights(theirs.decoder.get_weights())
        model.compile()
    images = np.random.default_rng(0).random((8, *IMAGE_SHAPE), np.float32)
    losses = [model.evaluate(images, batch_size=4, verbose=0, return_dict=True)["loss"] for model in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def command(data, *arguments):
    """What `python -m benchmarks` prints, with the data files of this folder."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", "--parts", "race", *arguments],
        cwd=ROOT,
        env=os.environ | {"VAE_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_without_mnist_there_is_no_race(tmp_path):
    assert "a loss can only be reached on MNIST, whose files are not here: set VAE_DATA_DIR" in command(tmp_path)


def test_the_real_programs_race(blobs, tmp_path):
    for part, number in {"train": 60, "test": 20}.items():
        images = np.pad(blobs(number), ((0, 0), (10, 10), (10, 10), (0, 0)))[..., 0]
        write_idx(tmp_path / IDX_FILES[part, "images"], images)
        write_idx(tmp_path / IDX_FILES[part, "labels"], np.arange(number) % 10)
    small = ("--race-limit", "40", "--race-epochs", "3", "--race-loss", "1", "--race-seeds", "2", "--threads", "1")
    printed = command(tmp_path, *small, "--out", str(tmp_path / "record.json"))
    record = json.loads((tmp_path / "record.json").read_text())["race"]
    assert record["command"] == (
        "python -m pipeline.train experiment=convolutional training=fast dataset.limit=40 training.epochs=3"
    )
    (only,) = record["races"]
    assert (only["seed"], only["absent"]) == (2, {})
    for name in ("ours", "keras tutorial"):
        assert name in printed
        losses = only["programs"][name]["losses"]
        assert len(losses) == 3
        assert losses == sorted(losses, reverse=True)
        assert losses[0] < 28 * 28 * math.log(2) * 1.01  # where fresh weights begin
