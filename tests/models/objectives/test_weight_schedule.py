"""Laws of the schedules of weights: where they begin, how they rise, from when on the weight is what it is set to."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.models.objectives.weight_schedule import ByRate, Constant, Cyclical, Warmup, WeightSchedule

CONTROLLED = {"of": None, "rate": 20.0, "proportional": 0.01, "integral": 0.001, "least": 0.5, "most": 4.0}


def test_a_warm_up_rises_from_zero_in_equal_steps_and_stays() -> None:
    assert [4.0 * Warmup(of=None, epochs=4).share(epoch) for epoch in range(6)] == [0, 1, 2, 3, 4, 4]


def test_a_constant_is_there_from_the_start() -> None:
    assert [Constant(of=None).share(epoch) for epoch in (0, 1, 99)] == [1, 1, 1]


def test_a_cycle_rises_and_rests_and_after_the_last_one_the_weight_stays() -> None:
    """Fu et al. 2019, eq. 6 and 7, with R = 1/2 and two cycles of four epochs."""
    shares = [Cyclical(of=None, cycles=2, epochs=4, rise=0.5).share(epoch) for epoch in range(10)]
    assert shares == [0, 0.5, 1, 1, 0, 0.5, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "schedule",
    [
        Constant(of=None),
        Warmup(of=None, epochs=7),
        *(Cyclical(of=None, cycles=3, epochs=n, rise=r) for n in (1, 2, 5) for r in (0.0, 0.3, 0.9)),
    ],
    ids=repr,
)
def test_a_weight_is_final_from_the_epoch_after_which_it_never_changes(schedule: WeightSchedule) -> None:
    first = schedule.final_from
    assert first is not None
    assert all(schedule.share(epoch) == 1 for epoch in range(first, first + 50))
    assert first == 0 or schedule.share(first - 1) < 1


def steps(number: int, total: float, rate: Callable[[float], float]) -> tuple[float, float]:
    """The weight and the integral part after so many steps, where the rate depends on the weight."""
    schedule, weight = ByRate(**CONTROLLED), 1.0
    for _ in range(number):
        weight, total = (float(part) for part in schedule.step(np.float32(total), np.float32(rate(weight))))
    return weight, total


def test_a_controller_settles_where_the_rate_is_what_is_wanted() -> None:
    """A rate that falls as the weight rises, 40 / weight, is 20 at a weight of 2."""
    assert steps(2000, 0.0, lambda weight: 40 / weight)[0] == pytest.approx(2, abs=0.02)


def test_a_controller_at_a_bound_turns_at_once() -> None:
    weight, total = steps(2000, 0.0, lambda _: 1000.0)
    assert weight == 4.0
    weight, total = steps(60, total, lambda _: 0.0)
    assert weight < 3
    assert steps(1000, total, lambda _: 0.0)[0] == pytest.approx(0.5, abs=1e-6)


def test_the_step_of_a_controller_is_that_of_the_paper() -> None:
    """Shao et al. 2020, eq. 8: P = Kp / (1 + exp(e)), I − Ki · e, and the least weight, with e = wanted − rate."""
    weight, total = ByRate(**CONTROLLED).step(np.float32(0.25), np.float32(21.5))
    assert float(total) == pytest.approx(0.25 + 0.001 * 1.5)
    assert float(weight) == pytest.approx(0.5 + 0.01 / (1 + np.exp(-1.5)) + 0.2515)


@pytest.mark.parametrize(
    "schedule",
    [
        Constant(of="beta"),
        Warmup(of=None, epochs=3),
        Cyclical(of=None, cycles=2, epochs=3, rise=0.5),
        ByRate(**CONTROLLED),
    ],
    ids=repr,
)
def test_serialisation_keeps_every_setting(schedule: WeightSchedule) -> None:
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule)) == schedule


def test_bounds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InputError, match=r"^schedule\.least=5 is above schedule\.most=4\. Exchange them$"):
        ByRate(**CONTROLLED | {"least": 5.0})
    assert ByRate(**CONTROLLED | {"least": 4.0}).least == 4, "a weight may be held"
