"""What was typed for a run, from the tag that records it."""

import pytest

from pipeline.tracking.typed_command import is_multirun, trusted_in

TRAIN = "python -m pipeline.train"


@pytest.mark.parametrize(
    ("command", "packages"),
    [
        ("", []),
        (f"{TRAIN} dataset=mnist", []),
        (f"{TRAIN} 'trusted=[mine,yours]' dataset=mnist", ["mine", "yours"]),
        (f"{TRAIN} 'trusted=[a]' 'trusted=[b, c]'", ["b", "c"]),
        (f"""{TRAIN} 'trusted=["mine"]'""", ["mine"]),
        (f"{TRAIN} 'trusted=[]'", []),
        (f"{TRAIN} 'tracking.name=untrusted=[x]'", []),
        (f"{TRAIN} 'no end", []),
    ],
)
def test_packages_are_those_that_were_trusted_last(command: str, packages: list[str]) -> None:
    assert trusted_in({"command": command}) == packages


@pytest.mark.parametrize(
    ("command", "several"),
    [(f"{TRAIN} a=1", False), (f"{TRAIN} -m a=1,2", True), (f"{TRAIN} a=1,2 --multirun", True), ("", False)],
)
def test_a_multirun_is_told_by_its_flag(command: str, several: bool) -> None:
    assert is_multirun({"command": command}) is several
