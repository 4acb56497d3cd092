"""The configuration reference says of every key of `conf/` what it is, which values it takes and what it is set to."""

import re
import sys
from collections.abc import Callable, Iterator

import pytest
import yaml

from pipeline import ROOT
from pipeline.config.names import Config
from pipeline.places import CONF

sys.path.append(str(ROOT / "docs" / "_ext"))

from annotated_yaml import AnnotatedYaml
from configuration_pages import GROUPS, keys_of_command, pages
from options import Option, options_of

PAGES = pages()
OPTIONS = [Option(CONF / "bases" / "dataset.yaml"), *(option for group in GROUPS for option in options_of(group))]
TOLD = [option for option in OPTIONS if not option.yaml.is_global]
every_option = pytest.mark.parametrize("option", TOLD, ids=lambda option: option.path.relative_to(CONF).as_posix())


def test_every_file_of_conf_is_on_a_page() -> None:
    commands = {CONF / "commands", CONF / "commands" / "bases"}
    expected = {path for path in CONF.rglob("*.yaml") if path.parent not in commands}
    assert {option.path for option in OPTIONS} == expected


@every_option
def test_every_key_of_an_option_has_a_meaning(option: Option) -> None:
    for row in option.rows:
        assert len(row.meaning) > 3, f"{option.path}: say in a comment, or in the docstring, what {row.key} is"


@pytest.mark.parametrize("path", sorted((CONF / "commands").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_key_of_a_command_has_a_meaning(path) -> None:
    keys = list(keys_of_command(AnnotatedYaml(path)))
    assert keys
    for key in keys:
        assert len(key.comment) > 3, f"{path}: say in a comment what {key.name} is"


def leaves(node: object, prefix: str = "") -> Iterator[str]:
    for name, value in node.items() if isinstance(node, dict) else ():
        if name not in ("defaults", "_target_"):
            yield f"{prefix}{name}"
            yield from leaves(value, f"{prefix}{name}.")


@every_option
def test_no_key_of_a_file_is_left_out(option: Option) -> None:
    """Of a mapping that is told as one value, the keys below it are part of that."""
    told = {row.key.removeprefix(option.prefix): row.value for row in option.rows}
    for key in leaves(option.yaml.content):
        above = [key.rsplit(".", depth)[0] for depth in range(1, key.count(".") + 1)]
        assert key in told or any(told.get(each) for each in above), key


@pytest.mark.parametrize("group", ["model", "objective", "training", "evaluation", "pictures", "likelihood"])
def test_values_are_those_that_a_training_composes(composed: Callable[..., Config], group: str) -> None:
    compared = 0
    for option in options_of(group):
        config = composed(option.choice)
        for row in option.rows:
            value: object = config
            for name in row.key.split("."):
                value = value[name]  # type: ignore[index]
            if row.value and row.value[0] not in "[{":
                assert yaml.safe_load(row.value) == value, row
                compared += 1
    assert compared


@pytest.mark.parametrize(
    ("key", "kind", "value"),
    [
        ("dataset.limit", "whole number > 0, or null", "null"),
        ("dataset.train", "`train` or `all`", "train"),
        ("dataset.classes", "list of texts, or null", "null"),
    ],
)
def test_types_and_ranges_are_told_in_words(key: str, kind: str, value: str) -> None:
    [row] = [row for row in OPTIONS[0].rows if row.key == key]
    assert (row.kind, row.value) == (kind, value)
    assert f"| `{key}` | {kind} | `{value}` | " in PAGES["dataset"]


def test_types_of_lists_and_bounds_are_those_of_the_signature() -> None:
    kinds = {row.key: row.kind for option in TOLD for row in option.rows}
    assert kinds["dataset.source.test"] == "number > 0, < 1"
    assert kinds["training.seed"] == "whole number ≥ 0, < 2,147,483,648"
    assert kinds["pictures.plane.x"] == "list of 2 numbers, or null"
    assert kinds["what.points"] == "list of lists of numbers, at least one, at least one"


def test_every_launcher_that_a_message_or_a_page_names_is_told() -> None:
    """Those of Hydra's plugins have no file in `conf/`."""
    files = [*(ROOT / "pipeline").rglob("*.py"), *(ROOT / "docs").glob("*.md"), *CONF.rglob("*.yaml")]
    named = {name for path in files for name in re.findall(r"hydra/launcher=([a-z]+)", path.read_text("utf-8"))}
    assert {"joblib", "ray", "slurm"} <= named
    for name in named:
        assert f"\n## `{name}`\n" in PAGES["hydra_launcher"], name
        assert f"`{name}`" in next(line for line in PAGES["index"].splitlines() if "`hydra/launcher`" in line)


@every_option
def test_a_page_has_each_option_with_its_header(option: Option) -> None:
    page = PAGES[{"bases": "dataset"}.get(option.group, option.group.replace("/", "_").removeprefix("commands_"))]
    for command in option.yaml.header[1]:
        assert command in page
    for row in option.rows:
        assert f"`{row.key}`" in page
