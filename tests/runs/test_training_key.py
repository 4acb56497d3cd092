"""What makes two trainings the same."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import ROOT
from pipeline.config.names import Config
from pipeline.runs.decisive_code import code_of
from pipeline.runs.training_key import training_key


@pytest.fixture
def signature(composed: Callable[..., Config]) -> Callable[..., str | None]:
    return lambda *overrides, data="fingerprint": training_key(composed(*overrides), data)


@pytest.mark.parametrize(
    "inert", ["dataset.dir=/elsewhere", "training.runtime.threads=1", "tracking.name=mine", "pictures=cards"]
)
def test_what_changes_no_number_does_not_matter(signature, inert: str) -> None:
    assert signature("dataset=mnist", inert) == signature("dataset=mnist")


@pytest.mark.parametrize(
    "override",
    [
        "training.seed=1",
        "model.latent_dim=3",
        "training.optimizer._target_=keras.optimizers.Nadam",
        "evaluation.split=validation",
        "dataset.limit=100",
    ],
)
def test_all_else_does(signature, override: str) -> None:
    assert signature("dataset=mnist", override) != signature("dataset=mnist")
    assert signature("dataset=mnist", data="other") != signature("dataset=mnist")


def test_nobody_knows_what_code_of_the_users_does(signature) -> None:
    assert signature("trusted=[mine]") is None


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the code."""
    return Path(shutil.copytree(ROOT / "pipeline", tmp_path / "pipeline"))


def changed(root: Path, file: str, before: str, after: str) -> str:
    """The hash of the code once a text in one of its files is another."""
    text = (root / file).read_text()
    assert before in text
    (root / file).write_text(text.replace(before, after, 1))
    code_of.cache_clear()
    return code_of(root)


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("models/likelihood.py", '"""', '"""Another docstring. '),
        ("models/likelihood.py", "class Bernoulli", "# a comment\n\n\nclass Bernoulli"),
        ("evaluation/scores.py", 'label="', 'label="the '),
        ("figures/__init__.py", "from ", "import random\n\nfrom "),
        ("tracking/run.py", "import logging", "import logging\nimport random"),
        ("data/image_cache.py", "import logging", "import logging\nimport random"),
    ],
)
def test_comments_docstrings_pictures_and_the_cache_make_no_training_another(
    code: Path, file: str, before: str, after: str
):
    assert changed(code, file, before, after) == code_of()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("models/likelihood.py", "return ", "return None or "),
        ("data/random_stream.py", "return ", "return None or "),
        ("training/fit.py", "return ", "return None or "),
        ("runs/initial_weights.py", "return ", "return None or "),
        ("runtime.py", "tf.constant(0)", "tf.constant(1)"),
    ],
)
def test_code_that_decides_numbers_does(code: Path, file: str, before: str, after: str):
    assert changed(code, file, before, after) != code_of()
