"""What is typed and has no effect: refused where that is certainly a mistake, said elsewhere."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from pipeline.config.names import Config, flatten
from pipeline.errors import InputError
from pipeline.places import python

Flat = Mapping[str, Any]
"""Values of a config by dotted name, and targets."""


@dataclass(frozen=True)
class Idle:
    """A setting that others can leave without effect.

    Attributes:
        key: as typed, with all that is below it.
        by: the keys of those others.
        when: whether they do.
        why: in words, with the cure.
        certain: whether nobody means it so.
        what: it lacks.
    """

    key: str
    by: tuple[str, ...]
    when: Callable[[Flat], bool]
    why: str
    certain: bool = False
    what: str = "effect"


def _unwanted(picture: str) -> Callable[[Flat], bool]:
    return lambda flat: flat["pictures.final"] is not None and picture not in flat["pictures.final"]


def _too_late(flat: Flat) -> bool:
    return min(flat.get("training.schedule.milestones") or [0]) >= flat["training.epochs"]


PLANE, TRAINED = ("pictures.plane.spacing", "objective"), ("training.epochs", "training.schedule")
RULES = (
    Idle(
        "dataset.dir",
        ("dataset",),
        lambda flat: flat.get("dataset.source._target_") == "pipeline.data.digits.Digits",
        "these digits need no files. For images of your own add dataset=folder or dataset=npz; or leave it out",
        certain=True,
    ),
    *(
        Idle(
            f"pictures.plane.{axis}",
            PLANE,
            lambda flat: flat["pictures.plane.spacing"] == "quantile" and flat["objective.sampling"],
            "only even coordinates have ends: add pictures.plane.spacing=even",
        )
        for axis in "xy"
    ),
    *(
        Idle(key, ("pictures.final",), _unwanted(picture), f"pictures.final leaves {picture} out")
        for key, picture in {
            "pictures.mixture": "samples",
            "pictures.pairs": "interpolations",
            "pictures.points": "points",
        }.items()
    ),
    *(
        Idle(key, TRAINED, _too_late, "training.epochs ends before the first of training.schedule.milestones")
        for key in ("training.schedule.milestones", "training.schedule.factor", "training/schedule")
    ),
    Idle(
        "objective.warmup_epochs",
        ("training.epochs",),
        lambda flat: flat["objective.warmup_epochs"] >= flat["training.epochs"],
        "training.epochs ends before beta has risen to objective.beta",
        what="full effect",
    ),
    *(
        Idle(key, ("objective.beta",), lambda flat: flat["objective.beta"] == 0, "objective.beta is 0")
        for key in ("objective.warmup_epochs", "objective.free_bits")
    ),
    *(
        Idle(key, (by,), lambda flat, by=by: flat[by] is None, f"{by} is null")  # type: ignore[misc]
        for key, by in {
            "evaluation.nll_images": "evaluation.importance_samples",
            "evaluation.neighbour_images": "evaluation.neighbours",
        }.items()
    ),
    Idle(
        "what", ("point",), lambda flat: flat["point"] is not None, "point= decides what is made. Leave one out", True
    ),
    Idle(
        "what.pairs", ("what.files",), lambda flat: bool(flat["what.files"]), "what.files decide. Leave one out", True
    ),
    Idle(
        "what.components",
        ("what.density",),
        lambda flat: flat["what.density"] == "prior",
        "add what.density=mixture",
        True,
    ),
    *(
        Idle(
            f"what.settings.{axis}",
            ("what.settings.spacing",),
            lambda flat: flat["what.settings.spacing"] == "quantile",
            "only even coordinates have ends: add what.settings.spacing=even",
        )
        for axis in "xy"
    ),
    Idle("sweep.seed", (), lambda flat: "Grid" in flat["sweep.sampler._target_"], "a grid has no chance in it"),
    Idle(
        "sweep.prune_by",
        (),
        lambda flat: (
            "NopPruner" in flat["sweep.pruner._target_"]
            and (isinstance(flat["sweep.objective"], str) or len(flat["sweep.objective"]) == 1)
        ),
        "sweep/pruner=none prunes nothing",
    ),
)


def idle(typed: Sequence[str], config: Config, varied: Sequence[str] = ()) -> list[str]:
    """What is typed and has no effect, and why, each in a line.

    Args:
        typed: the command line, as overrides.
        config: that it composes to.
        varied: keys that are not the same in all trainings of the command.

    Raises:
        InputError: that is certainly a mistake.
    """
    overrides = [each for each in OverridesParser.create().parse_overrides(list(typed)) if not each.is_delete()]
    flat, remarks = flatten(config, targets=True), list(_repeated(overrides))
    for each in overrides:
        for rule in RULES:
            if not _is_below(each.key_or_group, rule.key) or any(_overlap(key, by) for key in varied for by in rule.by):
                continue
            if not each.is_sweep_override() and _holds(rule, flat):
                remarks.append(f"{each.input_line} has no {rule.what}: {rule.why}")
                if rule.certain:
                    raise InputError(remarks[-1])
    return list(dict.fromkeys(remarks))


def _holds(rule: Idle, flat: Flat) -> bool:
    """Whether a setting has no effect; not where a value is wrong or missing, which is refused when it is checked."""
    try:
        return rule.when(flat)
    except (KeyError, TypeError):
        return False


def refuse_of_several(typed: Sequence[str], arguments: Sequence[str]) -> None:
    """Refuse what only a command of several trainings takes, in one that trains one.

    Args:
        typed: its overrides, those of Hydra included.
        arguments: the whole command line.

    Raises:
        InputError: with the same command as it was probably meant.
    """
    starts = ("sweep=", "sweep.", "sweep/", "hydra/launcher=", "hydra.launcher.", "hydra.sweep.")
    lines = [each for each in typed if each.lstrip("+").startswith(starts)]
    if lines:
        raise InputError(
            f"{' '.join(lines)}: without -m this is one training, in which that has no effect. Add -m, or leave it "
            f"out: {python()} -m pipeline.train -m {shlex.join(arguments)}"
        )


def _repeated(overrides: Sequence[Override]) -> list[str]:
    last = {each.key_or_group: each for each in overrides}
    return [
        f"{each.input_line} has no effect: {last[each.key_or_group].input_line} follows"
        for each in overrides
        if each.value() != last[each.key_or_group].value()
    ]


def _is_below(key: str, other: str) -> bool:
    return key == other or key.startswith(f"{other}.")


def _overlap(key: str, other: str) -> bool:
    key = key.replace("/", ".")
    return _is_below(key, other) or _is_below(other, key)
