"""Shared by the tests of figures."""

import numpy as np
import pytest


@pytest.fixture
def random() -> np.random.Generator:
    """Random numbers, the same in each test."""
    return np.random.default_rng(7)
