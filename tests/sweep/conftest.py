"""Shared by the tests of sweeps: commands that are stopped with all of their processes."""

from collections.abc import Iterator

import pytest
from processes import family
from warm import Forked


@pytest.fixture
def commands() -> Iterator[list[Forked]]:
    """Commands that nothing of is left running."""
    started: list[Forked] = []
    yield started
    for process in started:
        for each in family(process):
            each.kill()
