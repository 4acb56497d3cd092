"""The page about the architecture tells what is there: its storeys are kept, its files and names exist."""

import re
from pathlib import Path

import pytest
import yaml
from rooms import STOREYS

from pipeline import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
NAMED = re.findall(r"`(\w+)` (?:in `|\(`)(pipeline/[\w/]+\.py)`", " ".join(PAGE.split()))


def test_the_drawing_has_the_storeys_that_imports_keep() -> None:
    drawing = PAGE.partition("```\n")[2].partition("```")[0]
    storeys = [set(re.split(r"\s{2,}", line, maxsplit=1)[1].split()) for line in drawing.splitlines()]
    assert storeys[::-1] == [set(storey) for storey in STOREYS]
    rooms = {path.stem for path in (ROOT / "pipeline").iterdir() if path.stem not in {"__init__", "__pycache__"}}
    assert set().union(*storeys) == rooms


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(pipeline/[\w/]+\.py)`", PAGE))))
def test_every_file_exists(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("name", "path"), NAMED)
def test_every_name_is_where_it_is_said_to_be(name: str, path: str) -> None:
    assert re.search(rf"(?m)^\s*(?:(?:def|class) {name}\b|{name} = )", Path(ROOT / path).read_text())


def test_no_word_is_explained_twice() -> None:
    table = PAGE.partition("| --- | --- | --- |\n")[2].partition("\n\n")[0]
    words = [row.split("|")[1].strip() for row in table.splitlines()]
    assert len(words) == len(set(words)) >= 20
    assert len(NAMED) >= 30


def test_the_command_of_the_kubernetes_manifest_composes(composed) -> None:
    parts = {each["kind"]: each for each in yaml.safe_load_all((ROOT / "docs" / "kubernetes.yaml").read_text())}
    [worker] = parts["Job"]["spec"]["template"]["spec"]["containers"]
    assert worker["command"] == ["python", "-m", "pipeline.train", "-m"]
    names = {each["name"] for each in worker["env"]}
    assert {"STUDY_STORAGE", "MLFLOW_TRACKING_URI"} <= names
    config = composed(*(each for each in worker["args"] if "oc.env" not in each))
    assert config["sweep"]["n_trials"] > 8
