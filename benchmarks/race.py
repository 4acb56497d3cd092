"""A race to a validation loss: our fast preset beside the Keras tutorial's program, as a user waits for them.

Both are alive at once and take turns epoch by epoch, so that both meet the same machine; who goes first changes with
the epoch. An epoch's seconds include its validation, and those of the first one the whole start as well: imports,
config, data, model, tracing. Who has reached the target, or has no epochs left, leaves, and the other goes on alone.
"""

from collections.abc import Callable, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from benchmarks.images import arrays
from benchmarks.interleave import Competitor, ProgramError, alive, drop, facts_of, rotated, share_of_others
from benchmarks.programs import Program, Target
from benchmarks.racers.task import RaceTask
from benchmarks.statistics import verdict

PUBLISHED_LOSS = 151.33
"""Nats an image on MNIST's test images, the best of the convolutional tutorial's own training log."""

OURS = Program("ours", "benchmarks.racers.ours")
PEER = Program("keras tutorial", "benchmarks.racers.keras_tutorial", target=Target(2.0))
PEER_EPOCHS = 30
OVERRIDES = ("experiment=convolutional", "training=fast")


def races(
    *,
    data: Path,
    scratch: Path,
    seeds: Sequence[int],
    limit: int | None,
    epochs: int | None,
    target_loss: float,
    threads: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """The record of a race for each seed.

    Args:
        data: the folder of MNIST's files.
        scratch: a folder for the peer's arrays.
        seeds: of weights, order and noise.
        limit: images of each split, at most; None for all.
        epochs: of each program, at most; None for as many as it has by itself.
        target_loss: nats an image; the ratio is judged at the published one only.
        threads: of each program.
        say: told what goes on.
    """
    limits = {"dataset.limit": limit, "training.epochs": epochs}
    shown = (*OVERRIDES, *(f"{key}={value}" for key, value in limits.items() if value))
    overrides = (*shown, f"dataset.dir={data}")
    files = arrays(overrides, scratch)
    tasks = [RaceTask(overrides, *files, epochs or PEER_EPOCHS, seed, threads) for seed in seeds]
    records = [race(OURS, PEER, task, target_loss, say) for task in tasks]
    return {"command": " ".join(["python -m pipeline.train", *shown]), "target_loss": target_loss, "races": records}


def race(
    ours: Program, peer: Program, task: RaceTask, target_loss: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """The record of one race; a program that breaks is in it with the reason."""
    absent: dict[str, str] = {}
    with alive([ours, peer], task) as racers:
        everyone = list(racers.values())
        facts_of(racers, absent, say)
        reports = _epochs(racers, target_loss, absent, lambda text: say(f"seed {task.seed}, {text}"))
    programs = {name: _summary(each, target_loss) for name, each in reports.items()}
    judged = peer.target if target_loss == PUBLISHED_LOSS else None
    return {
        "seed": task.seed,
        "programs": programs,
        "comparison": _comparison(programs[ours.name], programs[peer.name], judged) if not absent else {},
        "absent": absent,
        "others_share_of_cores": share_of_others(everyone),
    }


def _epochs(
    racers: dict[str, Competitor], target_loss: float, absent: dict[str, str], say: Callable[[str], None]
) -> dict[str, list[dict[str, Any]]]:
    """What each program reports of its epochs, until all are out."""
    reports: dict[str, list[dict[str, Any]]] = {name: [] for name in racers}
    for number in takewhile(lambda _: racers, count()):
        for name in rotated(list(racers), number):
            say(f"epoch {number + 1}: {name}")
            try:
                report = racers[name].train()
            except ProgramError as error:
                drop(name, error, racers, absent)
                del reports[name]
                continue
            reports[name].append(report)
            if report["last"] or report["loss"] <= target_loss:
                racers.pop(name).close()
    return reports


def _summary(reports: Sequence[dict[str, Any]], target_loss: float) -> dict[str, Any]:
    """An epoch that reaches the target is the last one."""
    seconds, losses = [each["seconds"] for each in reports], [each["loss"] for each in reports]
    return {
        "epochs": len(reports),
        "seconds": seconds,
        "losses": losses,
        "seconds_to_target": sum(seconds) if losses[-1] <= target_loss else None,
    }


def _comparison(ours: dict[str, Any], peer: dict[str, Any], target: Target | None) -> dict[str, Any]:
    """The peer's seconds to the target loss over ours; `at_least` that, where its epochs ended before it was there."""
    mine, passed = ours["seconds_to_target"], peer["seconds_to_target"] is not None
    ratio = sum(peer["seconds"]) / mine if mine else None
    compared = {"ratio": ratio if passed else None, "at_least": None if passed else ratio}
    return compared | ({"target": target.ratio, "verdict": _verdict(ratio, passed, target)} if target else {})


def _verdict(ratio: float | None, peer_passed: bool, target: Target) -> str:
    if ratio is None:
        return "missed: never there"
    if not peer_passed and ratio < target.ratio:
        return "open"
    return verdict(ratio, target)
