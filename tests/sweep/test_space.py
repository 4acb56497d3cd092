"""Search spaces: Hydra's grammar in Optuna's words, keys that do not always exist, grids and corners."""

import math
import re

import numpy as np
import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from pipeline.errors import InputError
from pipeline.sweep.space.distribution import written
from pipeline.sweep.space.grammar import distribution_of, space_of
from pipeline.sweep.space.space import Space, key_of, overrides_of
from pipeline.sweep.space.value_sources import from_trial, uniform

PARSER = OverridesParser.create()
TWO_KINDS = {
    "model": "choice(dense, conv)",
    "model.latent_dim": "choice(2, 8)",
    "model=conv": {"model.filters": "choice([8,16], [16,32])"},
    "model=dense": {"model.hidden": [[64], [128, 64]]},
}


def space(**node: object) -> Space:
    return space_of(node, PARSER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("choice(2, 8)", CategoricalDistribution((2, 8))),
        ("2,8", CategoricalDistribution((2, 8))),
        ("choice(true, false)", CategoricalDistribution((True, False))),
        ("choice([8, 16], [16, 32])", CategoricalDistribution(("[8,16]", "[16,32]"))),
        ("range(1, 9)", IntDistribution(1, 8)),
        ("range(2, 9, 3)", IntDistribution(2, 8, step=3)),
        ("range(0.0, 1.0, 0.25)", FloatDistribution(0.0, 0.75, step=0.25)),
        ("range(0.1, 1.0, 0.3)", FloatDistribution(0.1, 0.7, step=0.3)),
        ("null,3", CategoricalDistribution(("null", 3))),
        ("tag(log, range(1, 65))", IntDistribution(1, 64, log=True)),
        ("interval(1, 8)", FloatDistribution(1.0, 8.0)),
        ("int(interval(1, 8))", IntDistribution(1, 8)),
        ("tag(log, interval(1e-4, 1e-2))", FloatDistribution(1e-4, 1e-2, log=True)),
        ("tag(log, int(interval(1, 64)))", IntDistribution(1, 64, log=True)),
    ],
)
def test_each_form_of_the_grammar_has_its_distribution(text, expected) -> None:
    assert space(key=text).dimensions["key"] == expected
    assert distribution_of(PARSER.parse_override(f"key={text}")) == expected


@pytest.mark.parametrize(
    "distribution",
    [
        CategoricalDistribution((2, 0.5, True, "relu", "[8,16]")),
        IntDistribution(1, 8),
        IntDistribution(2, 8, step=3),
        IntDistribution(1, 64, log=True),
        FloatDistribution(0.0, 0.75, step=0.25),
        FloatDistribution(0.1, 0.7, step=0.3),
        FloatDistribution(0.1, 0.9, step=0.1),
        FloatDistribution(-1.0, 8.0),
        FloatDistribution(1e-4, 1e-2, log=True),
    ],
)
def test_what_is_written_of_a_distribution_is_read_as_it(distribution) -> None:
    assert distribution_of(PARSER.parse_override(f"key={written(distribution)}")) == distribution


def test_a_list_is_a_choice() -> None:
    assert space(key=[2, 8]) == space(key="choice(2, 8)")
    assert space(key=[[8, 16], [16, 32]]) == space(key="choice([8, 16], [16, 32])")


def test_null_is_a_choice_however_it_is_written() -> None:
    for written_as in ("choice(null, 3)", "choice(null,3)", "null,3", [None, 3]):
        assert space(key=written_as) == space(key="null,3"), written_as
    assert space(key="choice(null, 3)").point({"key": None}) == {"key": "null"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("range(0.1,1.0,0.3)", [0.1, 0.4, 0.7]),
        ("range(0.1,0.5,0.1)", [0.1, 0.2, 0.3, 0.4]),
        ("range(1,0.5,-0.1)", [0.6, 0.7, 0.8, 0.9, 1.0]),
        ("range(1e-3,4e-3,1e-3)", [0.001, 0.002, 0.003]),
    ],
)
def test_even_steps_are_the_numbers_that_a_person_would_write(text: str, values: list[float]) -> None:
    searched = space(key=text)
    assert sorted(point["key"] for point in searched.grid()) == values
    assert searched.size() == len(values)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=3))
    for _ in range(15):
        trial = study.ask()
        assert searched.suggest(from_trial(trial))["key"] in values
        study.tell(trial, 0.0)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"key": "range(0.0, 1.0, 0.0)"}, "that range has no end; expected range(a, b, step)"),
        ({"key": "range(0, inf, 1)"}, "that range has no end; expected range(a, b, step)"),
        ({"key": "3"}, "key=3: that is one value; expected several"),
        ({"key": "choice(1"}, "sweep.space.key=choice(1: "),
        ({"key": "range(3, 3)"}, "that range is empty; its end is not one of its values"),
        ({"key": "tag(log, range(0.0, 1.0, 0.25))"}, "steps are even, so they cannot be logarithmic"),
        ({"key": "tag(log, interval(0, 1))"}, "key=tag(log, interval(0, 1)): "),
        (
            {"key": "interval(2, 1)"},
            "key=interval(2, 1): 2.0 is above 1.0; expected the lower end first: interval(1.0, 2.0)",
        ),
        (
            {"key": "tag(logg, interval(1, 2))"},
            "the tag logg is unknown here; expected the tag log of an interval or a range: tag(log, interval",
        ),
        (
            {"key": "tag(log, choice(1, 2))"},
            "the tag log is unknown here; expected the tag log of an interval or a range: tag(log, interval",
        ),
        (
            {"model": {"key": "choice(1, 2)"}},
            "sweep.space.model: expected values such as choice(2, 8), or below a condition",
        ),
        ({"a=b": {"key": "7"}}, "key=7: that is one value"),
        ({"key": "choice(1, 2"}, "sweep.space.key=choice(1, 2: "),
        ({"key": "choice(1, 2"}, "; expected Hydra's grammar"),
    ],
)
def test_what_is_no_space_is_refused_with_the_cure(node, message: str) -> None:
    with pytest.raises(InputError) as refused:
        space_of(node, PARSER)
    assert message in str(refused.value)


def test_a_grid_has_every_point_once_and_keys_only_where_they_exist() -> None:
    points = list(space_of(TWO_KINDS, PARSER).grid())
    assert len(points) == 2 * 2 * 2
    assert len({tuple(overrides_of(point)) for point in points}) == 8
    assert all(("model.filters" in point) == (point["model"] == "conv") for point in points)
    assert all(("model.hidden" in point) == (point["model"] == "dense") for point in points)
    assert overrides_of(points[0]) == ["model=dense", "model.latent_dim=2", "model.hidden=[64]"]


def test_there_is_no_grid_of_an_interval() -> None:
    with pytest.raises(
        InputError, match=r"key: an interval has infinitely many values, so no grid holds them. Use range"
    ):
        list(space(key="interval(0, 1)").grid())


def test_corners_reach_every_end_and_every_choice() -> None:
    corners = list(space_of({**TWO_KINDS, "rate": "interval(0.1, 0.5)"}, PARSER).corners())
    for key, value in (("rate", 0.1), ("rate", 0.5), ("model", "conv"), ("model.hidden", "[128,64]")):
        assert any(corner.get(key) == value for corner in corners), (key, value)
    assert any(corner.get("model.filters") == "[16,32]" for corner in corners)
    assert all("model.filters" in corner for corner in corners if corner["model"] == "conv")


def test_suggested_points_lie_in_the_space() -> None:
    searched, study = space_of(TWO_KINDS, PARSER), optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    grid = [overrides_of(point) for point in searched.grid()]
    random = np.random.default_rng(0)
    for draw in (lambda: from_trial(study.ask()), lambda: uniform(random)):
        found = [overrides_of(searched.suggest(draw())) for _ in range(60)]
        assert all(point in grid for point in found)
        assert all(point in found for point in grid)


@pytest.mark.parametrize(
    "node",
    [
        TWO_KINDS,
        {"a": "choice(1, 2, 2)", "b": "range(0, 1.01, 0.25)", "c": "int(interval(1, 7))"},
        {"a": "choice(1, 2)", "a=1": {"b": "choice(1, 2, 3)", "b=2": {"c": "range(0, 10, 3)"}}},
    ],
)
def test_the_size_is_the_number_of_points(node) -> None:
    searched = space_of(node, PARSER)
    assert searched.size() == len({key_of(point) for point in searched.grid()}) == len(list(searched.grid()))


def test_an_interval_has_points_without_end_also_where_it_does_not_always_exist() -> None:
    assert space(key="interval(0, 1)").size() == math.inf
    assert space_of({"a": "choice(1, 2)", "a=1": {"b": "interval(0, 1)"}}, PARSER).size() == math.inf


def test_a_point_that_somebody_wrote_down_is_checked() -> None:
    searched = space_of({**TWO_KINDS, "rate": "interval(0.1, 0.5)"}, PARSER)
    given = {"model": "conv", "model.filters": [8, 16], "rate": 0.2}
    assert searched.point(given) == {"model": "conv", "model.filters": "[8,16]", "rate": 0.2}
    for wrong, message in (
        ({"rate": 0.7}, "rate=0.7 is not in the space: interval(0.1, 0.5)"),
        ({"model.filters": [8]}, r"model.filters=[8] is not in the space: choice([8,16], [16,32])"),
        ({"epochs": 3}, "epochs is not searched. The study searches: model, model.latent_dim, rate"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            searched.point(wrong)


def test_a_fixed_group_takes_along_what_depends_on_it() -> None:
    fixed = space_of(TWO_KINDS, PARSER).without({"model": "conv"})
    assert list(fixed) == ["model.latent_dim", "model.filters"]
    assert not fixed.conditional
    assert list(fixed.without({"model.filters": "[8,16]"})) == ["model.latent_dim"]


def test_a_key_is_widened_where_it_exists_and_a_new_one_joins() -> None:
    searched, wide = space_of(TWO_KINDS, PARSER), IntDistribution(1, 64)
    assert searched.widened("model.latent_dim", wide).dimensions["model.latent_dim"] == wide
    inner = searched.widened("model.hidden", wide)
    assert inner.conditional["model=dense"].dimensions == {"model.hidden": wide}
    assert "model.hidden" not in inner.dimensions
    assert list(searched.widened("objective.beta", wide))[-3:] == ["objective.beta", "model.filters", "model.hidden"]


def test_what_exists_only_at_a_value_that_is_no_longer_taken_is_left_out() -> None:
    narrowed = space_of(TWO_KINDS, PARSER).widened("model", CategoricalDistribution(["conv", "transformer"]))
    assert list(narrowed.conditional) == ["model=conv"]
    assert not list(narrowed.impossible())
