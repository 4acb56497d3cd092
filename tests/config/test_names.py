"""The composed config as dotted names, and the name of a run."""

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from pipeline.config.names import argument, flatten, run_name, searched_keys


def test_flatten_names_leaves_by_their_path_and_leaves_targets_out() -> None:
    nested = {"seed": 0, "model": {"_target_": "a.B", "hidden": [1, 2], "inner": {"_target_": "c.D", "x": None}}}
    assert flatten(nested) == {"seed": 0, "model.hidden": [1, 2], "model.inner.x": None}


def test_flatten_keeps_every_leaf_of_the_default_config(composed) -> None:
    flat = flatten(composed())
    assert flat["training.batch_size"] == 32
    assert flat["model.hidden"] == [256, 128]
    assert not any(name.endswith("_target_") for name in flat)
    assert not any(isinstance(value, dict) for value in flat.values())


def test_searched_keys_are_dotted_and_those_below_conditions_are_among_them() -> None:
    space = {"training/schedule": "choice(a, b)", "model=conv": {"model.filters": [[8], [16]], "model=deep": {"a": 1}}}
    assert searched_keys(space) == ["training.schedule", "model.filters", "a"]
    assert searched_keys("no mapping") == searched_keys(None) == []


def test_run_without_a_difference_is_the_default() -> None:
    assert run_name({}, {}) == "default"


@pytest.mark.parametrize(
    ("choices", "values", "name"),
    [
        ({"dataset": "mnist"}, {"model.latent_dim": 8}, "dataset=mnist latent_dim=8"),
        ({"training/schedule": "one_cycle"}, {}, "schedule=one_cycle"),
        ({}, {"model.dropout": 0.3, "training.patience": None}, "dropout=0.3 patience=null"),
        ({}, {"model.batch_norm": True, "objective.sampling": False}, "batch_norm=true sampling=false"),
        ({}, {"model.hidden": [64, 32]}, "hidden=[64,32]"),
        ({}, {"objective.beta": 2.0}, "beta=2"),
        ({}, {"training.learning_rate": 1e-05}, "learning_rate=1e-05"),
        ({}, {"training.seed": 0}, "seed=0"),
        ({}, {"dataset.classes": ["A", 3]}, "classes=[A,3]"),
    ],
)
def test_run_name_is_what_differs(choices, values, name) -> None:
    assert run_name(choices, values) == name


def test_names_that_two_groups_share_keep_their_group() -> None:
    assert run_name({}, {"dataset.seed": 1, "training.seed": 2}) == "dataset.seed=1 training.seed=2"
    assert run_name({"training/schedule": "cosine"}, {"other.schedule": 1}) == "schedule=cosine other.schedule=1"


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("study.zip", "key=study.zip"),
        ("../a/b_1-2.zip", "key=../a/b_1-2.zip"),
        ("http://127.0.0.1:5000", "key=http://127.0.0.1:5000"),
        ("my dir/x.zip", """'key="my dir/x.zip"'"""),
        ("http://me:***@host:5000", "'key=http://me:***@host:5000'"),
    ],
)
def test_an_argument_is_in_quotes_where_it_needs_them(text: str, typed: str) -> None:
    assert argument("key", text) == typed


TEXTS = r"""null True nan INF 7 1e5 .5 1_000 . .. ~ ~/x -x +x :a a:b a=b a,b a'b a"b a\b a\ a$b a#b
a|b a%b {a} [a] a(b) é a?b=c"""
"""Texts that Hydra or a shell would take for something else, with space between them."""


@pytest.mark.parametrize("text", [*TEXTS.split(), "", "a b", "a "])
def test_an_argument_is_read_as_the_text_that_it_was_made_of(text: str) -> None:
    [word] = shlex.split(argument("key", text))
    assert OverridesParser.create().parse_override(word).value() == text


@pytest.mark.parametrize(("one", "other"), [(1234567, 1234568), (0.12345678, 0.12345679), (0, False), (1, True)])
def test_different_values_give_different_names(one: object, other: object) -> None:
    assert run_name({}, {"training.seed": one}) != run_name({}, {"training.seed": other})
