"""The rate that is held at a capacity, or by a controller at a target."""

import numpy as np
import pytest
from passes import made, passed

from pipeline.models.objectives.capacity import Capacity


def test_a_rate_that_misses_the_capacity_costs_on_both_sides() -> None:
    objective = made(Capacity, capacity=3.0, gamma=10.0)
    it = passed(objective, np.zeros((2, 3)))
    for rates, distance in (((1, 2), (1, 2)), 0), (((0, 2), (0, 2)), 1), (((3, 2), (3, 2)), 2), (((0, 2), (2, 2)), 0):
        found = float(objective.loss(it._replace(rates=np.float32([[*rate, 0] for rate in rates]))))
        assert found == pytest.approx(10 + 10 * distance)
