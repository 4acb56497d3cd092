"""The first number in which a training differs from its record, and what is said of it."""

from io import StringIO

import pytest
from rich.console import Console

from pipeline.reproduction.first_difference import DifferenceFinder, Enough
from pipeline.reproduction.verdict import Verdict

NAN = float("nan")


def finder(*, stops_early: bool = False) -> DifferenceFinder:
    recorded = {1: {"loss": 2.0, "rate": NAN}, 2: {"loss": 1.0, "rate": 0.5}, None: {"test/nll": 3.0}}
    return DifferenceFinder(recorded, stops_early=stops_early)


def said(verdict: Verdict) -> str:
    console = Console(file=StringIO(), width=200)
    verdict.report(console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_equal_numbers_are_counted_and_what_the_record_lacks_is_not() -> None:
    found = finder()
    found.compare(1, {"loss": 2.0, "rate": NAN, "new": 7.0})
    found.compare(2, {"loss": 1.0, "rate": 0.5})
    found.end()
    found.compare(None, {"test/nll": 3.0})
    assert (found.epochs, found.numbers, found.difference, found.goes_on) == (2, 5, None, True)


def test_the_first_difference_ends_the_training() -> None:
    found = finder()
    found.compare(1, {"loss": 2.0, "rate": NAN})
    with pytest.raises(Enough):
        found.compare(2, {"loss": 1.25, "rate": 9.0})
    assert str(found.difference) == "loss of epoch 2 is 1.0 in the record and 1.25 now: +0.25, 0.2 of it"
    assert not found.goes_on


def test_a_number_that_is_none_now_is_a_difference() -> None:
    found = finder()
    with pytest.raises(Enough):
        found.compare(1, {"loss": NAN})
    assert str(found.difference) == "loss of epoch 1 is 2.0 in the record and nan now"


def test_a_training_that_its_study_ended_is_over_with_its_last_epoch() -> None:
    found = finder(stops_early=True)
    found.compare(1, {"loss": 2.0})
    with pytest.raises(Enough):
        found.compare(2, {"loss": 1.0})
    assert (found.difference, found.goes_on) == (None, False)


def test_fewer_epochs_than_in_the_record_are_a_difference() -> None:
    found = finder()
    found.compare(1, {"loss": 2.0, "rate": NAN})
    found.end()
    assert str(found.difference) == "it ended before epoch 2, whose loss is 1.0 in the record"


@pytest.mark.parametrize(
    ("weights", "changed", "lines"),
    [
        (0, [], ["bit-identical: 5 numbers of 2 epochs and all weights of the model"]),
        (None, [], ["bit-identical: 5 numbers of 2 epochs"]),
        (3, [], ["not the same: 3 weights of the model differ, and no number", "  No recorded circumstance differs"]),
        (3, ["threads were 2"], ["not the same: 3 weights of the model differ, and no number", "  threads were 2"]),
    ],
)
def test_the_verdict_says_what_differs_and_what_may_be_why(weights, changed: list[str], lines: list[str]) -> None:
    verdict = Verdict("abc", "mine", 2, 5, None, weights, changed)
    assert said(verdict).splitlines() == ["", "mine, run abc", *lines]
    assert verdict.is_identical == (not weights)
