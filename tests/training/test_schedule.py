"""Learning rates at the moments where they are known."""

import keras
import numpy as np
import pytest

from pipeline.config.build import build
from pipeline.errors import InputError
from pipeline.training.schedule import Constant, Cosine, Steps


def test_constant_is_the_peak() -> None:
    assert Constant()(0.003, epochs=10, steps_per_epoch=10) == 0.003


def test_cosine_falls_from_the_peak_over_the_middle_to_the_end() -> None:
    rate = Cosine(rise=0.0, start=0.5, end=0.1)(2.0, epochs=10, steps_per_epoch=10)
    assert [float(rate(step)) for step in (0, 50, 100)] == pytest.approx([2.0, 1.1, 0.2], rel=1e-5)


def test_one_cycle_rises_straight_to_the_peak_and_falls_to_the_end() -> None:
    rate = Cosine(rise=0.3, start=0.04, end=0.01)(2.0, epochs=10, steps_per_epoch=10)
    assert [float(rate(step)) for step in (0, 15, 30, 65, 100)] == pytest.approx(
        [0.08, 1.04, 2.0, 1.01, 0.02], rel=1e-5
    )
    rates = [float(rate(step)) for step in range(101)]
    assert (np.diff(rates[:31]) > 0).all()
    assert (np.diff(rates[30:]) < 0).all()


def test_presets_begin_and_end_where_they_say(composed) -> None:
    def at(name: str, *steps: int) -> list[float]:
        node = composed(f"training/schedule={name}")["training"]["schedule"]
        return [float(build(node, "schedule")(1.0, epochs=100, steps_per_epoch=10)(step)) for step in steps]

    assert at("cosine", 0, 500, 1000) == pytest.approx([1.0, 0.5, 0.0], abs=1e-6)
    assert at("one_cycle", 0, 300, 1000) == pytest.approx([0.04, 1.0, 0.0001], abs=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 3, 10])
@pytest.mark.parametrize("rise", [0.0, 0.3, 0.5, 0.9, 0.99])
def test_shortest_trainings_have_a_learning_rate_too(rise: float, steps: int) -> None:
    rate = Cosine(rise=rise, start=0.1, end=0.0)(1.0, epochs=1, steps_per_epoch=steps)
    rates = [float(rate(step)) for step in range(steps)]
    assert all(0 < each <= 1 for each in rates)


@pytest.mark.parametrize("steps_per_epoch", [1, 7, 600])
def test_steps_multiplies_the_peak_once_for_each_milestone_passed(steps_per_epoch: int) -> None:
    milestones, factor = [2, 3, 5], 10 ** (-1 / 5)
    rate = Steps(milestones=milestones, factor=factor)(1e-4, epochs=8, steps_per_epoch=steps_per_epoch)
    for epoch in range(8):
        expected = 1e-4 * factor ** sum(milestone <= epoch for milestone in milestones)
        first, last = epoch * steps_per_epoch, (epoch + 1) * steps_per_epoch - 1
        assert [float(rate(step)) for step in (first, last)] == pytest.approx([expected] * 2, rel=1e-6), epoch


@pytest.mark.parametrize("beyond", [[], [4], [5, 10**12]])
def test_milestones_that_are_not_reached_do_nothing(beyond: list[int]) -> None:
    rate = Steps(milestones=[1, *beyond], factor=0.5)(1.0, epochs=4, steps_per_epoch=10)
    assert [float(rate(step)) for step in (0, 9, 10, 39)] == [1.0, 1.0, 0.5, 0.5]
    assert Steps(milestones=[4, *beyond[1:]], factor=0.5)(1.0, epochs=4, steps_per_epoch=10) == 1.0


def test_steps_follows_the_optimizer_so_that_a_resumed_training_is_where_it_was() -> None:
    rate = Steps(milestones=[2], factor=0.5)(1.0, epochs=4, steps_per_epoch=3)
    optimizer = keras.optimizers.SGD(rate)
    number = keras.Variable([0.0])
    optimizer.build([number])
    for iterations, expected in ((5, -1.0), (6, -1.5)):
        optimizer.iterations.assign(iterations)
        optimizer.apply([keras.ops.ones(1)], [number])
        assert float(number[0]) == expected


def test_steps_preset_falls_within_the_default_training(composed) -> None:
    training = composed("training/schedule=steps")["training"]
    schedule = build(training["schedule"], "schedule")
    assert max(schedule.milestones) < training["epochs"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "milestones=[3,2]",
            "milestones=[3,2]: expected numbers of epochs in rising order, each once, "
            "for example training.schedule.milestones=[10,20]",
        ),
        ("milestones=[2,2]", "expected numbers of epochs in rising order, each once"),
        ("milestones=[]", "expected"),
        ("milestones=[0,2]", "expected a number greater than 0"),
        ("milestones=[1.5]", "expected a valid integer"),
        ("milestones=5", "expected a valid list"),
        ("factor=0", "expected a number greater than 0"),
        ("factor=null", "expected a valid number"),
    ],
)
def test_bad_steps_are_refused_with_key_and_cure(composed, override: str, message: str) -> None:
    node = composed("training/schedule=steps", f"training.schedule.{override}")["training"]["schedule"]
    with pytest.raises(InputError) as refused:
        build(node, "training.schedule")
    assert str(refused.value).startswith(f"training.schedule.{override.partition('=')[0]}=")
    assert message in str(refused.value)
    assert "for example training.schedule." in str(refused.value)
