"""What a command asks a study to do: presets that the command line fixes and widens, and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from pipeline.config.composition import TRAIN, task_config
from pipeline.errors import InputError
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.study.plan_from_command import plan_of

PARSER = OverridesParser.create()
MINE = ("sweep=study", "sweep.study=mine")


def planned(*arguments: str, space: Mapping[str, Any] | None = None) -> Plan:
    overrides = PARSER.parse_overrides(list(arguments))
    with initialize_config_dir(str(TRAIN.root), version_base="1.3"):
        single = [each.input_line for each in overrides if not each.is_sweep_override()]
        config = compose(TRAIN.name, single, return_hydra_config=True)
    asked = task_config(config)
    asked["sweep"]["space"] = space or asked["sweep"]["space"]
    return plan_of(asked, overrides, PARSER, config.hydra.runtime.choices)


def test_the_command_line_fixes_and_widens_keys_of_a_preset() -> None:
    plan = planned("sweep=latent_filters", "model.latent_dim=2,4", "training.batch_size=32,64")
    assert plan.space.described() == {
        "model.latent_dim": "choice(2, 4)",
        "model.filters": "choice([8,16], [16,32], [32,64], [16,32,64])",
        "training.batch_size": "choice(32, 64)",
    }
    assert list(planned("sweep=latent_filters", "model.latent_dim=2").space) == ["model.filters"]


def test_a_fixed_group_settles_what_depends_on_it() -> None:
    assert "model.filters" in list(planned("sweep=architecture", "model=conv").space)
    dense = planned("sweep=architecture", "model=dense").space
    assert list(dense) == ["model.latent_dim", "model.activation", "model.hidden"]
    assert not dense.conditional


def test_a_fixed_key_that_not_every_option_has_is_fixed_where_it_is() -> None:
    space = planned("sweep=architecture", "model.hidden=[64]", "model.units=choice([8])").space
    assert space.described()["model=dense"] == {"model.hidden": "choice([64])"}
    assert space.described()["model=conv"]["model.units"] == "choice([8])"


def test_a_condition_on_what_is_not_searched_is_settled_by_the_config() -> None:
    space = {"model.latent_dim": [2, 4], "model=dense": {"model.activation": "choice(relu, tanh)"}}
    assert list(planned(*MINE, space=space).space) == ["model.latent_dim", "model.activation"]
    assert list(planned(*MINE, "model=conv", space=space).space) == ["model.latent_dim"]


def test_a_condition_that_never_holds_is_refused() -> None:
    with pytest.raises(InputError, match=r"sweep\.space\.model=cnov: this condition never holds, so the keys below it"):
        planned(*MINE, space={"model": "choice(dense, conv)", "model=cnov": {"model.units": [[], [8]]}})


def test_a_key_that_is_added_keeps_its_plus() -> None:
    assert list(planned(*MINE, "+tracking.tags.colour=red,blue").space) == ["+tracking.tags.colour"]


def test_how_trials_are_evaluated_is_as_decisive_as_how_they_are_trained() -> None:
    fixed = planned(*MINE, "model.latent_dim=2,4", "evaluation.importance_samples=7").fixed
    assert fixed["evaluation.importance_samples"] == 7
    assert fixed["training.epochs"] > 0
    assert fixed["evaluation.split"] == "validation", "as that of trials is"
    assert planned(*MINE, "model.latent_dim=2,4", "evaluation.split=test").fixed["evaluation.split"] == "test"
    assert not any(key.startswith(("pictures.", "tracking.", "dataset.dir")) for key in fixed)


def test_replicates_leave_no_seed_to_search() -> None:
    with pytest.raises(InputError, match=r"sweep\.replicates=2: .* Leave one of the two out"):
        planned(*MINE, "training.seed=1,2", "sweep.replicates=2")
    assert list(planned(*MINE, "training.seed=1,2").space) == ["training.seed"]


@pytest.mark.parametrize("name", ["..", "-a", ".hidden"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"sweep\.study=.*: expected"):
        planned("sweep=study", f"sweep.study={name}", "model.latent_dim=1,2")


@pytest.mark.parametrize("preset", ["latent_filters", "kl_weight", "architecture", "rate_distortion", "optimizer"])
def test_presets_are_searched_in_at_least_as_many_points_as_they_have_trials(preset: str) -> None:
    plan = planned(f"sweep={preset}")
    assert plan.n_trials == plan.settings.n_trials
