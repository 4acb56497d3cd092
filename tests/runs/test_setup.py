"""Every config composes to a setup; a run that is resumed elsewhere says what is different."""

from collections.abc import Callable

import pytest
from earlier_records import FORMER

from pipeline.config.names import Config, shown
from pipeline.data.settings import DatasetSettings
from pipeline.models.objectives.objective import Objective
from pipeline.places import CONF
from pipeline.process.circumstances import circumstances, differences
from pipeline.runs.setup import Setup

GROUPS = ("dataset", "evaluation", "experiment", "likelihood", "model", "objective", "pictures", "tracking", "training")
OPTIONS = [f"{group}={file.stem}" for group in GROUPS for file in sorted((CONF / group).glob("*.yaml"))]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes_and_builds(composed: Callable[..., Config], option: str) -> None:
    setup = Setup.from_config(composed(option))
    assert isinstance(setup.dataset, DatasetSettings)
    assert isinstance(setup.objective, Objective)


@pytest.mark.parametrize("preset", sorted(file.stem for file in (CONF / "experiment").glob("*.yaml")))
def test_every_training_of_a_family_composes_and_builds(composed: Callable[..., Config], preset: str) -> None:
    for name, point in composed(f"experiment={preset}")["sweep"]["points"].items():
        overrides = [f"{key}={shown(value)}" for key, value in point.items()]
        assert Setup.from_config(composed(f"experiment={preset}", *overrides)), name


@pytest.mark.parametrize("part", FORMER)
def test_a_stored_config_that_names_a_class_by_its_former_path_still_builds(
    composed: Callable[..., Config], part: str
) -> None:
    config = composed()
    expected = Setup.from_config(config)
    node = config
    for name in part.split("."):
        node = node[name]
    assert node["_target_"] != FORMER[part]
    node["_target_"] = FORMER[part]
    group = part.partition(".")[0]
    assert type(getattr(Setup.from_config(config), group)) is type(getattr(expected, group))


def test_every_config_begins_by_saying_what_it_is() -> None:
    for file in sorted(CONF.rglob("*.yaml")):
        lines = [line for line in file.read_text().splitlines() if not line.startswith("# @package")]
        assert lines[0].startswith("# "), file


def test_the_default_data_set_needs_no_file(composed: Callable[..., Config]) -> None:
    data = Setup.from_config(composed()).dataset.load()
    assert data.image_shape == (8, 8, 1)
    assert len(data.train) + len(data.validation) + len(data.test) == 1797


def test_a_model_has_the_shape_of_its_images(composed: Callable[..., Config]) -> None:
    setup = Setup.from_config(composed("model=conv", "model.latent_dim=3"))
    vae = setup.model_for(setup.dataset.load())
    assert vae.image_shape == (8, 8, 1)
    assert vae.latent_dim == 3


def test_what_could_change_the_last_bits_is_named() -> None:
    now = circumstances()
    assert differences(now, now) == []
    assert differences(now | {"threads": "64", "command": "x"}, now) == [f"threads was 64, is {now['threads']}"]
