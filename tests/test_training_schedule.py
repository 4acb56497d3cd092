"""Learning rates at the moments where they are known."""

import numpy as np
import pytest

from pipeline.build import build
from pipeline.training.schedule import Constant, Cosine


def test_constant_is_the_peak() -> None:
    assert Constant()(0.003, 100) == 0.003


def test_cosine_falls_from_the_peak_over_the_middle_to_the_end() -> None:
    rate = Cosine(rise=0.0, start=0.5, end=0.1)(2.0, 100)
    assert [float(rate(step)) for step in (0, 50, 100)] == pytest.approx([2.0, 1.1, 0.2], rel=1e-5)


def test_one_cycle_rises_straight_to_the_peak_and_falls_to_the_end() -> None:
    rate = Cosine(rise=0.3, start=0.04, end=0.01)(2.0, 100)
    assert [float(rate(step)) for step in (0, 15, 30, 65, 100)] == pytest.approx(
        [0.08, 1.04, 2.0, 1.01, 0.02], rel=1e-5
    )
    rates = [float(rate(step)) for step in range(101)]
    assert (np.diff(rates[:31]) > 0).all()
    assert (np.diff(rates[30:]) < 0).all()


def test_presets_begin_and_end_where_they_say(composed) -> None:
    def at(name: str, *steps: int) -> list[float]:
        node = composed(f"training/schedule={name}")["training"]["schedule"]
        return [float(build(node, "schedule")(1.0, 1000)(step)) for step in steps]

    assert at("cosine", 0, 500, 1000) == pytest.approx([1.0, 0.5, 0.0], abs=1e-6)
    assert at("one_cycle", 0, 300, 1000) == pytest.approx([0.04, 1.0, 0.0001], abs=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 3, 10])
@pytest.mark.parametrize("rise", [0.0, 0.3, 0.5, 0.9, 0.99])
def test_shortest_trainings_have_a_learning_rate_too(rise: float, steps: int) -> None:
    rate = Cosine(rise=rise, start=0.1, end=0.0)(1.0, steps)
    rates = [float(rate(step)) for step in range(steps)]
    assert all(0 < each <= 1 for each in rates)
