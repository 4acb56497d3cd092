"""The version is that of the package; what repeats it for people and programs says the same."""

import re
from importlib.metadata import version

import yaml

from pipeline import ROOT, __version__

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_the_installation_has_the_version_of_the_package() -> None:
    assert version("vae-pipeline") == __version__


def test_the_citation_is_of_this_version() -> None:
    assert CITATION["version"] == __version__
    assert CITATION["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_the_changelog_begins_with_what_is_unreleased_and_then_this_version() -> None:
    headings = re.findall(r"(?m)^## (.*)$", (ROOT / "CHANGELOG.md").read_text())
    assert headings[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(__version__)} \(\d{{4}}-\d{{2}}-\d{{2}}\)", headings[1])
