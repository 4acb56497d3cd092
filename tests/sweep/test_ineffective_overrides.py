"""What has no effect beside `-m` is said with the reason."""

from collections.abc import Callable

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from pipeline.config.names import Config
from pipeline.errors import InputError
from pipeline.sweep.ineffective_overrides import ineffective_overrides

STUDY = ("sweep=study", "sweep.study=mine")


@pytest.mark.parametrize(
    ("typed", "launcher", "said"),
    [
        (("sweep/pruner=none", "sweep.prune_by=validation/epoch/loss"), "basic", "sweep/pruner=none prunes nothing"),
        (("sweep/sampler=grid", "sweep.seed=3"), "basic", "sweep.seed=3 has no effect: a grid has no chance in it"),
        (("sweep.workers=2",), "basic", "add hydra/launcher=joblib, or set sweep.slots"),
        (("hydra/launcher=joblib",), "joblib", "hydra/launcher=joblib has no effect: it starts one worker: add swe"),
        (("hydra/launcher=joblib", "sweep.workers=2"), "joblib", None),
        (("hydra/launcher=slurm",), "slurm", None),
        (("tracking.parent=abc",), "basic", "tracking.parent=abc has no effect: trials are below the run of their"),
        (("resume=abc",), "basic", "resume=abc has no effect: a study goes on by its name, with the same command"),
    ],
)
def test_a_study_says_what_it_has_no_use_for(
    composed: Callable[..., Config], typed: tuple[str, ...], launcher: str, said: str | None
) -> None:
    config = composed(*STUDY, *(each for each in typed if not each.startswith(("hydra/", "resume="))))
    parsed = OverridesParser.create().parse_overrides([*STUDY, *typed])
    lines = ineffective_overrides(parsed, config, launcher)
    assert len(lines) == (said is not None)
    assert said is None or said in lines[0]


def test_several_objectives_are_ranked_by_what_nothing_is_pruned_by(composed: Callable[..., Config]) -> None:
    typed = ["sweep/pruner=none", "sweep.prune_by=train/epoch/rate", "sweep.objective=[validation/nll,validation/rate]"]
    config = composed(*STUDY, *typed)
    assert ineffective_overrides(OverridesParser.create().parse_overrides([*STUDY, *typed]), config, "basic") == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ((*STUDY, "sweep.space=foo"), "sweep.space=foo: expected keys, each with the values that it may take. On the"),
        (("sweep.points=foo",), "sweep.points=foo: expected names, each with the keys of a training. On the command"),
        (
            ("+sweep.points.small=foo",),
            "sweep.points.small=foo: expected keys and values, such as {model.latent_dim: 2}. On the",
        ),
    ],
)
def test_what_is_to_be_trained_must_have_keys(
    composed: Callable[..., Config], typed: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InputError) as refused:
        ineffective_overrides(OverridesParser.create().parse_overrides(list(typed)), composed(*typed), "basic")
    assert str(refused.value).startswith(said)
    assert str(refused.value).endswith("On the command line each key is typed by itself: model.latent_dim=2,4,8")
