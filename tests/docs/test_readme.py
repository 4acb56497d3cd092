"""README.md and the pages of docs/: numbers are those of the reference, and links lead somewhere."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline import ROOT

README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
LARGEST = 150_000
"""Bytes that a picture may have."""


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table whose first line begins so."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(heading)) + 2
    end = next((number for number in range(start, len(lines)) if not lines[number].startswith("|")), len(lines))
    return [[cell.strip().strip("`*") for cell in line.strip("|").split("|")] for line in lines[start:end]]


def test_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


@pytest.mark.parametrize("preset", rows(README, "| `experiment` | what it is"), ids=lambda row: row[0])
def test_numbers_of_a_preset_are_those_of_the_reference(preset: list[str]) -> None:
    name, _, training, elbo, minutes = preset
    section = REFERENCE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    trained = {row[0]: row for row in rows(section, "| training |")}[training]
    assert [trained[3], trained[-1]] == [elbo, minutes]


@pytest.mark.parametrize("number", rows(README, "| `experiment` | what is reproduced"), ids=lambda row: row[0])
def test_a_published_number_is_that_of_the_reference(number: list[str]) -> None:
    name, what, *numbers = number
    row = {each[0]: each for each in rows(REFERENCE, "| what | published")}[what]
    assert f"experiment={name}" in row[4]
    assert [row[1], row[2], row[5]] == numbers


def test_every_preset_is_named() -> None:
    presets = {path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml")}
    assert presets <= set(re.findall(r"`(\w+)`", README.partition("## Presets")[2].partition("\n## ")[0]))


def test_every_group_and_option_is_named_in_the_table_of_groups() -> None:
    table = {
        row[0]: set(re.findall(r"[\w]+", row[1]))
        for row in rows((ROOT / "docs" / "training.md").read_text(), "| group")
    }
    for group, named in table.items():
        options = {path.stem for path in (ROOT / "conf" / group).glob("*.yaml")} - {"points"}
        assert options == named, group


def asked_by_make(target: str) -> set[str]:
    """The words of what a target says that was not told which one is wanted."""
    said = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Which one?" in said.stderr
    return set(re.findall(r"\w+", said.stderr))


def test_every_preset_of_several_trainings_and_every_study_is_named_where_one_is_asked_for() -> None:
    presets = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "conf" / "experiment").glob("*.yaml")}
    families = {name for name, preset in presets.items() if "points" in preset.get("sweep", {})}
    assert families <= asked_by_make("tutorial")
    studies = {path.stem for path in (ROOT / "conf" / "sweep").glob("*.yaml")} - {"points"}
    assert studies <= asked_by_make("sweep")
    assert studies <= set(re.findall(r"`(\w+)`", (ROOT / "docs" / "studies.md").read_text().partition("\n\n```")[0]))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = [link.partition("#")[0] for link in LINK.findall(page.read_text()) if "://" not in link]
    missing = [link for link in links if link and not (page.parent / link).exists()]
    assert not missing


def test_pictures_are_small_and_shown() -> None:
    shown = {Path(link).name for page in PAGES for link in LINK.findall(page.read_text()) if link.endswith(".png")}
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert pictures.keys() == shown
    assert not [name for name, size in pictures.items() if size > LARGEST]
