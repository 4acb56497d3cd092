"""The members of a family: which trainings `-m` asks for."""

from collections.abc import Mapping
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from pipeline.errors import InputError
from pipeline.sweep.family_members import FamilyMember, family_members

GROUPS = ("dataset", "model", "objective")


def asked(*overrides: str, **named: Mapping[str, Any]) -> list[FamilyMember]:
    return family_members(OverridesParser.create().parse_overrides(list(overrides)), named, GROUPS)


def test_lists_of_values_are_multiplied_in_the_order_typed() -> None:
    found = asked("model=dense,conv", "dataset=mnist", "objective.beta=1,4")
    assert [member.name for member in found] == [f"model={m} beta={b}" for m in ("dense", "conv") for b in (1, 4)]
    assert found[1].overrides == ("dataset=mnist", "model=dense", "objective.beta=4")


def test_a_list_as_one_value_of_several_stays_a_list() -> None:
    found = asked("model.filters=[8],[8,16]")
    assert [member.overrides for member in found] == [("model.filters=[8]",), ("model.filters=[8,16]",)]


def test_a_command_without_lists_is_one_training() -> None:
    assert asked("dataset=mnist") == [FamilyMember("", ("dataset=mnist",))]


def test_named_trainings_are_trained_by_name_and_times_the_lists() -> None:
    named = {"small": {"model.latent_dim": 2}, "large": {"model.latent_dim": 8, "objective": "vae"}}
    found = asked("training.seed=0,1", **named)
    assert [member.name for member in found] == ["small seed=0", "small seed=1", "large seed=0", "large seed=1"]
    assert found[2].overrides == ("model.latent_dim=8", "objective=vae", "training.seed=0")


def test_the_command_line_replaces_a_value_of_a_named_training_and_equal_trainings_become_one() -> None:
    named = {"small": {"model.latent_dim": 2}, "large": {"model.latent_dim": 8}}
    assert asked("model.latent_dim=4", **named) == [FamilyMember("small", ("model.latent_dim=4",))]


def test_a_group_on_the_command_line_keeps_the_trainings_that_agree() -> None:
    named = {"digits": {"dataset": "mnist"}, "clothes": {"dataset": "fashion", "model.latent_dim": 5}, "any": {}}
    found = asked("dataset=fashion", **named)
    assert [member.name for member in found] == ["clothes", "any"]
    assert found[0].overrides == ("model.latent_dim=5", "dataset=fashion")


def test_named_trainings_that_all_choose_otherwise_are_named_with_the_cure() -> None:
    with pytest.raises(
        InputError, match=r"dataset=digits: none of the preset's trainings .* they are: a\. Leave -m out"
    ):
        asked("dataset=digits", a={"dataset": "mnist"})


def test_even_steps_are_typed_as_a_person_would() -> None:
    assert [member.name for member in asked("objective.beta=range(0.1,0.4,0.1)")] == [
        "beta=0.1",
        "beta=0.2",
        "beta=0.3",
    ]
    with pytest.raises(InputError, match=r"training.seed=range\(5,1\): that range is empty"):
        asked("training.seed=range(5,1)")
    with pytest.raises(InputError, match=r"range\(1,5,0\): that range has no end"):
        asked("training.seed=range(1,5,0)")


def test_a_range_without_an_end_of_values_is_refused_with_the_cure() -> None:
    with pytest.raises(InputError, match=r"objective.beta=interval\(0,1\): has infinitely many values. List some"):
        asked("objective.beta=interval(0,1)")
