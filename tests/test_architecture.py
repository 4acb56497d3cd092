"""The page about the architecture tells what is there: its levels are kept, its files and names exist."""

import re
from pathlib import Path

import pytest
from rooms import LEVELS

from pipeline import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
NAMED = re.findall(r"`(\w+)` in `(pipeline/[\w/]+\.py)`", " ".join(PAGE.split()))


def test_the_drawing_has_the_levels_that_imports_keep() -> None:
    drawing = PAGE.partition("```\n")[2].partition("```")[0]
    levels = [set(re.split(r"\s{2,}", line, maxsplit=1)[1].split()) for line in drawing.splitlines()]
    assert levels[::-1] == [set(level) for level in LEVELS]
    rooms = {path.stem for path in (ROOT / "pipeline").iterdir() if path.stem not in {"__init__", "__pycache__"}}
    assert set().union(*levels) == rooms


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(pipeline/[\w/]+\.py)`", PAGE))))
def test_every_file_exists(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("name", "path"), NAMED)
def test_every_name_is_where_it_is_said_to_be(name: str, path: str) -> None:
    assert re.search(rf"(?m)^\s*(?:def|class) {name}\b", Path(ROOT / path).read_text())


def test_a_word_means_one_thing() -> None:
    table = PAGE.partition("| --- | --- | --- |\n")[2].partition("\n\n")[0]
    words = [row.split("|")[1].strip() for row in table.splitlines()]
    assert len(words) == len(set(words)) >= 20
    assert len(NAMED) >= 15
