"""The settings of the evaluation: what is right is built, what is wrong is refused by key, value and cure."""

from dataclasses import replace

import pytest

from pipeline.config.build import build
from pipeline.errors import InputError
from pipeline.evaluation.settings import EvaluationSettings


def built(composed, *overrides: str) -> EvaluationSettings:
    return build(composed(*overrides)["evaluation"], "evaluation", expected=EvaluationSettings)


def test_defaults_are_built(composed) -> None:
    assert built(composed).importance_samples > 1


def test_what_takes_long_is_off_unless_an_option_asks_for_it(composed) -> None:
    default, samples, annealing = (
        built(composed, *option) for option in ((), ("evaluation=samples",), ("evaluation=annealing",))
    )
    assert (default.samples, default.annealing_steps) == (None, None)
    assert samples == replace(default, samples=10000)
    assert annealing == replace(default, annealing_steps=300)


def test_null_takes_all_images(composed) -> None:
    names = ("nll_images", "information_images", "neighbour_images", "annealing_images")
    changed = built(composed, *(f"evaluation.{name}=null" for name in names))
    assert [getattr(changed, name) for name in names] == [None] * 4


@pytest.mark.parametrize(
    "name",
    [
        "importance_samples",
        "nll_images",
        "information_images",
        "neighbours",
        "neighbour_images",
        "linear_probe",
        "samples",
        "annealing_steps",
        "annealing_images",
    ],
)
@pytest.mark.parametrize("value", ["0", "-3", "2.5", "many"])
def test_a_number_of_things_is_whole_and_positive(composed, name: str, value: str) -> None:
    with pytest.raises(InputError) as refused:
        built(composed, f"evaluation.{name}={value}")
    expected = {"0": "greater than 0", "-3": "greater than 0", "2.5": "integer", "many": "integer"}[value]
    text = str(refused.value)
    assert text.startswith(f"evaluation.{name}={value}: expected")
    assert expected in text
    assert f"for example evaluation.{name}=1" in text
    assert "or null" in text


@pytest.mark.parametrize("value", ["-1", "2147483648", "null"])
def test_a_seed_is_a_natural_number(composed, value: str) -> None:
    with pytest.raises(InputError, match=rf"^evaluation\.seed={value}: expected .*for example evaluation\.seed=0"):
        built(composed, f"evaluation.seed={value}")


def test_a_misspelt_key_is_named(composed) -> None:
    with pytest.raises(InputError, match=r"Did you mean evaluation\.importance_samples\?"):
        built(composed, "+evaluation.importance_sample=3")
