"""Names that mean something to others, through the real command: in its pictures, its words and its descriptions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkout import Checkout
from PIL import Image
from rich.console import Console

from pipeline.reproduction.verdict import Verdict
from pipeline.runs.family import _description
from pipeline.tracking.tags import NOTE

NAME = "a|b [bold]x[/y] <i> $$"
CLASSES = ["$$", r"$\frac$", "US$5-US$10", "a|b", "[bold]x[y]", "猫 犬", "𒀀", "x" * 200, "two\nlines", "\udce9t\udce9"]


def folder_of(place: Path) -> Path:
    """Images of eight pixels in a folder for each class."""
    for number, name in enumerate(CLASSES):
        (place / name).mkdir(parents=True)
        for index in range(12):
            pixels = np.random.default_rng(index).integers(0, 25 * (number + 1), (8, 8), np.uint8)
            Image.fromarray(pixels).save(place / name / f"{index}.png")
    return place


@pytest.fixture(scope="module")
def trained(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, str]:
    """A training with such names, in a narrow terminal and a notebook's environment; what it said."""
    data = folder_of(tmp_path_factory.mktemp("names"))
    (checkout.root / "matplotlibrc").write_text("text.usetex: True\nsavefig.bbox: tight\n")
    settings = ("dataset=folder", f"dataset.dir={data}", "model.hidden=[16]", "training.epochs=1")
    done = checkout.train(
        *settings,
        f"tracking.name='{NAME}'",
        "tracking.experiment=names",
        env={"COLUMNS": "40", "MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    )
    assert done.returncode == 0, done.stderr
    return checkout, done.stdout + done.stderr


def test_a_run_is_said_by_its_name_and_missing_fonts_once(trained):
    _, said = trained
    assert f"Run {NAME} (" in said
    assert f"Done: {NAME}, 1 epoch" in said
    assert said.count("Pictures show boxes") <= 1
    assert "Warning" not in said
    assert "Glyph" not in said


def test_all_pictures_are_there_and_of_usual_size(trained):
    checkout, _ = trained
    (run,) = checkout.runs("names")
    pictures = {path.name: Image.open(path) for path in checkout.artifacts(run.info.run_id).glob("*.png")}
    assert {"data.png", "latent.png", "plane.png", "latent_steps.png"} <= set(pictures)
    assert max(max(picture.size) for picture in pictures.values()) < 2500
    assert run.data.tags[NOTE].count("| --- | ---: |") == 1


def test_the_text_of_the_model_is_whole(trained):
    checkout, _ = trained
    (run,) = checkout.runs("names")
    text = (checkout.artifacts(run.info.run_id) / "model.txt").read_text()
    assert "…" not in text
    assert text.count("Param #") == text.count("Connected to") == text.count("Total params") == 2
    for table in text.split("Model: ")[1:]:
        rows = [line for line in table.splitlines() if line.startswith(tuple("┏┃┡│└"))]
        assert len({len(line) for line in rows}) == 1
        assert "log_variance (Dense)" in table or "latent" in table


def test_a_comparison_writes_names_as_they_are(trained, tmp_path):
    checkout, _ = trained
    done = checkout.run("pipeline.compare", "experiment=names", f"out='{tmp_path / '[bold]x'}'")
    assert done.returncode == 0, done.stderr
    assert NAME in done.stdout
    assert f"Open {tmp_path / '[bold]x'}/comparison.html" in done.stdout
    page = (tmp_path / "[bold]x" / "comparison.html").read_text()
    assert "a|b [bold]x[/y] &lt;i&gt; $$" in page
    assert "<i> $$" not in page


def test_a_family_shows_names_in_one_cell_each():
    table = pd.DataFrame({NAME: {"elbo": -1.0}, "two\nlines": {"elbo": -2.0}}).T
    rows = [line for line in _description(table, ["[x](y)"], None, []).splitlines() if "|" in line]
    assert [row.count("|") for row in rows] == [3] * 4
    assert "two lines" in rows[3]


def test_a_verdict_says_names_as_they_are():
    console = Console(width=200)
    with console.capture() as said:
        Verdict("id", NAME, 1, 2, None, None, ["model.x was [a], is [/b]"]).report(console)
    assert NAME in said.get()
    assert "  model.x was [a], is [/b]" in said.get()
