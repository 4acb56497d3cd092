"""The benchmark's own arithmetic, and the contest with programs that need no library."""

import keras
import numpy as np
import pytest

from benchmarks import programs, run_costs
from benchmarks.interleave import contest, rotated
from benchmarks.network import IMAGE_SHAPE, config_for
from benchmarks.peers import keras_tutorial
from benchmarks.programs import Program, Target
from benchmarks.run_costs import REST, Costs
from benchmarks.statistics import comparison, ratio_of, verdict
from benchmarks.stopwatch import Call, Stopwatch
from benchmarks.turns import Task, Turn
from pipeline.models.arithmetic import multiplications, training_flop
from pipeline.runs import train as training_run

PARAMETERS = 134_165


def run(task: Task, turn: Turn) -> None:
    """A program of the contest below: as slow as its batch is large, and broken after the second round at batch 1."""
    turn.ready(parameters=1)
    for number in range(task.rounds):
        turn.wait()
        if task.batch_size == 1 and number == 2:
            raise ValueError("out of steam")
        turn.report(task.batch_size * (number + 1.0))
    turn.wait()


def test_ratios_are_taken_within_rounds():
    spread = ratio_of([1.0, 10.0, 2.0], [2.0, 30.0, 2.0], ours_above=False)
    assert (spread.min, spread.median, spread.max) == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("ratio", "target", "expected"),
    [
        (1.25, Target(1.25), "met"),
        (1.2, Target(1.25), "missed by 0.05"),
        (1.79, Target(1.8, ours_above=True), "met"),
        (1.8, Target(1.8, ours_above=True), "missed by 0.00"),
        (2.0, Target(1.8, ours_above=True), "missed by 0.20"),
    ],
)
def test_verdict(ratio, target, expected):
    assert verdict(ratio, target) == expected


def test_targets_are_judged_only_where_they_apply():
    assert "verdict" not in comparison([1.0], [2.0], Target(1.25), judged=False)
    assert comparison([1.0], [2.0], Target(1.25), judged=True)["verdict"] == "met"


def test_each_round_begins_with_another_program():
    assert [rotated(["a", "b", "c"], number)[0] for number in range(4)] == ["a", "b", "c", "a"]


def test_a_peer_that_is_not_installed_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr(programs, "find_spec", lambda package: None)
    assert programs.PEERS["pythae"].missing() == "torch, pythae not installed: pip install --group bench"
    assert programs.OURS.missing() is None


@pytest.fixture
def images_file(tmp_path):
    np.save(tmp_path / "images.npy", np.zeros((10, *IMAGE_SHAPE), np.uint8))
    return str(tmp_path / "images.npy")


def _contestants(*others):
    return [Program("ours", __name__), Program("peer", __name__, target=Target(1.25)), *others]


@pytest.mark.slow
def test_contest_discards_the_warmup_and_leaves_out_who_cannot_come(images_file):
    absent = Program("absent", "nowhere", ("no_such_package",), Target(2.0))
    record = contest(_contestants(absent), Task(images_file, 32, 1, 3), 1, lambda _: None)
    assert record["programs"]["ours"]["us_per_image"]["rounds"] == pytest.approx([6.4e6, 9.6e6])
    assert record["comparisons"]["peer"]["median"] == 1.0
    assert record["comparisons"]["peer"]["verdict"] == "missed by 0.25"
    assert record["absent"] == {"absent": "no_such_package not installed: pip install --group bench"}


@pytest.mark.slow
def test_a_program_that_breaks_is_reported_and_left_out(images_file):
    record = contest(_contestants(), Task(images_file, 1, 1, 4), 1, lambda _: None)
    assert record["programs"] == {}
    assert record["absent"]["peer"].strip().endswith("ValueError: out of steam")


def test_multiplications_follow_from_the_shapes():
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, strides=2, padding="same")(images)
    x = keras.layers.Conv2DTranspose(2, 3, strides=2, padding="same")(x)
    network = keras.Model(images, keras.layers.Dense(7)(keras.layers.Flatten()(x)))
    counts = [multiplications(layer) for layer in network.layers if multiplications(layer)]
    assert counts == [4 * 4 * 9 * 3 * 5, 4 * 4 * 9 * 5 * 2, 8 * 8 * 2 * 7]
    assert training_flop(network) == 6 * sum(counts)


def test_all_programs_train_the_same_network():
    encoder, decoder = keras_tutorial.make_encoder(), keras_tutorial.make_decoder()
    assert encoder.count_params() + decoder.count_params() == PARAMETERS
    pytest.importorskip("torch", reason="PyTorch is a peer to measure against; `make bench` installs it")
    from benchmarks.peers import torch_network

    assert torch_network.count(torch_network.TorchEncoder(), torch_network.TorchDecoder()) == PARAMETERS


def test_the_floor_counts_our_network():
    from pipeline.config.build import build

    model = build(config_for("model=conv")["model"], "model")
    networks = model.encoder(IMAGE_SHAPE), model.decoder(IMAGE_SHAPE)
    assert sum(network.count_params() for network in networks) == PARAMETERS
    assert training_flop(*networks) == 39_965_568


def test_what_the_costs_watch_is_there():
    names = {name for _, name, _ in run_costs.watched()}
    assert {"metrics", "card", "picture", "model", "load"} <= names
    assert all(callable(getattr(owner, name)) for owner, name, _ in run_costs.watched())
    assert all(callable(getattr(training_run, name)) for name in (run_costs.CONTEXT, run_costs.FIT))


def test_stopwatch_counts_a_call_inside_another_once():
    class Verbs:
        def outer(self):
            return self.inner()

        def inner(self):
            return 7

    stopwatch = Stopwatch()
    stopwatch.watch(Verbs, "outer", "tracking")
    stopwatch.watch(Verbs, "inner", "pictures")
    assert Verbs().outer() == 7
    assert [(call.name, call.kind) for call in stopwatch.calls] == [("Verbs.outer", "tracking")]


def test_costs_are_counted_up_with_the_later_calls():
    calls = [
        Call("Run.metrics", "tracking", 10.0, 2.0, True),  # ends epoch 1, which took 10 s
        Call("Run.card", "pictures", 12.0, 3.0, True),
        Call("Run.metrics", "tracking", 20.0, 1.0, True),  # ends epoch 2, which took 5 s
        Call("Run.card", "pictures", 21.0, 1.0, True),
        Call("Run.model", "tracking", 22.0, 4.0, False),
    ]
    record = Costs(calls, start=5.0, seconds=26.0, epochs=2, picture_epochs=[1, 2, 5, 10, 20, 50]).record(30)
    measured = {name: part["seconds"] for name, part in record["measured"].items()}
    assert measured == {"start": 5.0, REST: 15.0, "tracking": 7.0, "pictures": 4.0, "total": 31.0}
    counted = {name: part["seconds"] for name, part in record["extrapolated"].items()}
    # 28 more epochs of 5 s and of 1 s of metrics; pictures at 5, 10, 20 and 30 besides.
    assert counted == {"start": 5.0, REST: 155.0, "tracking": 35.0, "pictures": 8.0, "total": 203.0}
    assert record["extrapolated"]["pictures"]["share"] == pytest.approx(8 / 203)
