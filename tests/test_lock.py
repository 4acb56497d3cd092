"""requirements.lock belongs to pyproject.toml: each dependency is pinned within its bounds, and nothing else is."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipeline import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
PINS = [Requirement(line) for line in LOCK.splitlines()]
LOCKED = ("dev", "docs")
"""The groups that `make lock` resolves beside what users need; `bench` is installed by `make bench`."""


def declared() -> list[Requirement]:
    """What pyproject.toml asks for."""
    project = PROJECT["project"]
    extras = (each for extra in project["optional-dependencies"].values() for each in extra)
    groups = (each for name in LOCKED for each in PROJECT["dependency-groups"][name])
    return [Requirement(each) for each in (*project["dependencies"], *extras, *groups)]


def applies(requirement: Requirement, extras: set[str]) -> bool:
    """Whether a requirement of a package counts on this machine, where the package was asked for with these extras."""
    return not requirement.marker or any(requirement.marker.evaluate({"extra": each}) for each in {"", *extras})


def needed(asked: list[Requirement]) -> Iterator[str]:
    """The names of all packages that these requirements bring along, by what the installed ones say."""
    extras: dict[str, set[str]] = {}
    while asked:
        each = asked.pop()
        name = canonicalize_name(each.name)
        if name not in extras or not each.extras <= extras[name]:
            extras[name] = extras.get(name, set()) | each.extras
            yield name
            try:
                below = [Requirement(line) for line in requires(name) or ()]
            except PackageNotFoundError:
                continue  # it is for another system
            asked += [one for one in below if applies(one, extras[name])]


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_each_dependency_is_pinned_within_its_bounds(requirement: Requirement) -> None:
    pins = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(requirement.name)]
    assert pins, f"{requirement} is not in requirements.lock: make lock"
    for pin in pins:
        [exact] = pin.specifier
        assert requirement.specifier.contains(exact.version), f"{pin} is not {requirement}: make lock"


def installed(name: str) -> str | None:
    """The version of a package here."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@pytest.mark.skipif(
    any(not pin.specifier.contains(installed(pin.name) or "0") for pin in PINS if not pin.marker),
    reason="other versions than those of requirements.lock are installed, as by make lowest, which need other packages",
)
def test_nothing_is_pinned_that_no_dependency_needs() -> None:
    here = {canonicalize_name(pin.name) for pin in PINS if not pin.marker or pin.marker.evaluate()}
    assert not here - set(needed(declared())), "make lock"


def test_the_lock_names_versions_and_no_hosts() -> None:
    assert not re.search(r"(?m)^-|://|@", LOCK)
