"""What makes two trainings the same."""

from collections.abc import Callable

import pytest

from pipeline.config import Config
from pipeline.recipe import recipe_of


@pytest.fixture
def recipe(composed: Callable[..., Config]) -> Callable[..., str | None]:
    return lambda *overrides, data="fingerprint": recipe_of(composed(*overrides), data)


@pytest.mark.parametrize(
    "inert", ["dataset.dir=/elsewhere", "training.runtime.threads=1", "tracking.name=mine", "pictures=cards"]
)
def test_what_changes_no_number_does_not_matter(recipe, inert: str) -> None:
    assert recipe("dataset=mnist", inert) == recipe("dataset=mnist")


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
def test_all_else_does(recipe, override: str) -> None:
    assert recipe("dataset=mnist", override) != recipe("dataset=mnist")
    assert recipe("dataset=mnist", data="other") != recipe("dataset=mnist")


def test_nobody_knows_what_code_of_the_users_does(recipe) -> None:
    assert recipe("trusted=[mine]") is None
