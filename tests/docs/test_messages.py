"""The page of messages has those that commands refuse with."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import ROOT
from pipeline.config.build import build
from pipeline.config.effect_rules import RULES
from pipeline.config.names import Config
from pipeline.data.folder import Folder
from pipeline.errors import InputError
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.runs.setup import Setup

sys.path.append(str(ROOT / "docs" / "_ext"))

from error_page import page
from messages import UNKNOWN, messages

FOUND = messages()
LITERAL = re.compile(r'raise (?:InputError|StoreUnreachable|NoSuchRun)\(\s*"([^"{}\\]+)"\s*\)')
"""A message that is written out in one piece, as it is seen without parsing."""


def test_messages_that_are_written_out_are_found() -> None:
    texts = {message.text for message in FOUND}
    written = [each for path in (ROOT / "pipeline").rglob("*.py") for each in LITERAL.findall(path.read_text("utf-8"))]
    assert len(written) > 5
    assert not [each for each in written if each not in texts]


def is_told(error: InputError) -> bool:
    """Whether a message that was met is one of the page, with values in place of what it leaves open."""
    said = " ".join(str(error).split())
    return any(re.search(".*".join(map(re.escape, message.text.split(UNKNOWN))), said) for message in FOUND)


def refusals(composed: Callable[..., Config], folder: Path) -> dict[str, Callable[[], object]]:
    images = {"height": 8, "width": 8, "channels": 1, "test": 0.2}
    return {
        "a target that leads nowhere": lambda: build({"_target_": "pipeline.models.dense.Dens"}, "model"),
        "an untrusted target": lambda: build({"_target_": "os.system"}, "model"),
        "a key that does not exist": lambda: build(
            composed()["evaluation"] | {"sample": 3}, "evaluation", expected=EvaluationSettings
        ),
        "a folder that is missing": lambda: Folder(**images).read(folder / "absent"),
        "a folder without images": lambda: Folder(**images).read(folder),
        "equal levels": lambda: Folder(**images, black=3, white=3),
        "a schedule of another weight": lambda: Setup.from_config(composed("objective.schedule.of=gamma")),
        "strides that are too many": lambda: Setup.from_config(composed("model=conv", "model.strides=[2]")),
    }


@pytest.mark.parametrize("mistake", refusals(lambda: {}, Path()))
def test_a_message_that_is_met_is_found(composed: Callable[..., Config], tmp_path: Path, mistake: str) -> None:
    with pytest.raises(InputError) as refused:
        refusals(composed, tmp_path)[mistake]()
    assert is_told(refused.value), refused.value


def test_a_message_of_another_program_is_not() -> None:
    assert not is_told(InputError("No such file or directory"))


def test_what_varies_is_told_in_each_form() -> None:
    texts = {message.text for message in FOUND}
    for given in ("both are given", "neither is given"):
        assert any(f"run= and import=: {given}. Expected run=<id or study>" in text for text in texts)


def test_the_page_has_them_all_once_a_file() -> None:
    assert len({(message.file, message.text) for message in FOUND}) == len(FOUND) > 300
    told = page()
    assert told.count("\n: `pipeline/") + told.count("\n: A warning, in `pipeline/") == len(FOUND)
    assert all(f"`{rule.key}`: " in told for rule in RULES)
