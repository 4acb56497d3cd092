"""A contest: all programs alive at once, one training at a time, in rounds.

Machines grow warm and neighbours come and go. Programs that are measured one after the other are measured on different
machines; programs that alternate, and are compared within each round, are not. Who goes first changes with the round.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from statistics import mean
from typing import Any

from benchmarks.company import Company
from benchmarks.programs import OURS, TARGET_BATCH_SIZE, Program
from benchmarks.statistics import Spread, comparison
from benchmarks.turns import Task, play

PATIENCE = 1800
"""Seconds after which a program that says nothing is given up."""


class ProgramError(Exception):
    """A program ended with an error."""


class Competitor:
    """A program in a process of its own."""

    def __init__(self, module: str, task: Any) -> None:
        # Not a fork: a child must not inherit libraries and their threads.
        context = get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=play, args=(theirs, module, task), daemon=True)
        self._process.start()
        theirs.close()
        self._company = Company(self._process.pid)
        self.company: list[float] = []

    def heard(self, kind: str) -> Any:
        """The next message, which should be of this kind.

        Raises:
            ProgramError: the program ended, or says nothing.
        """
        if not self._line.poll(PATIENCE):
            raise ProgramError(f"silent for {PATIENCE} s")
        try:
            found, content = self._line.recv()
        except (EOFError, OSError):
            raise ProgramError("its process ended without a word") from None
        if found != kind:
            raise ProgramError(content)
        return content

    def train(self) -> dict[str, Any]:
        """The report of one round, with its `seconds`; others' share of the machine during it is added to `company`."""
        self._company.begin()
        self._line.send("go")
        report = self.heard("round")
        self.company.append(self._company.share())
        return report

    def close(self) -> None:
        """Let the program end; after ten seconds, end it."""
        with suppress(OSError):  # it may be gone already
            self._line.send("stop")
        self._process.join(10)
        if self._process.is_alive():
            self._process.terminate()


def contest(programs: Sequence[Program], task: Task, warmup: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The record of a contest on one task; programs that cannot take part are in it with the reason."""
    absent = {program.name: reason for program in programs if (reason := program.missing())}
    with alive([each for each in programs if each.name not in absent], task) as competitors:
        facts = facts_of(competitors, absent, say)
        seconds = _rounds(competitors, task.rounds, absent, say)
        company = share_of_others(competitors.values(), warmup)
    images = len(task.images())
    counted = {name: [1e6 * each / images for each in values[warmup:]] for name, values in seconds.items()}
    return {
        "batch_size": task.batch_size,
        "images": images,
        "warmup_rounds": warmup,
        "programs": {name: facts[name] | _summary(values) for name, values in counted.items()},
        "comparisons": _comparisons(programs, counted, task.batch_size),
        "absent": absent,
        "others_share_of_cores": company,
    }


@contextmanager
def alive(programs: Sequence[Program], task: Any) -> Iterator[dict[str, Competitor]]:
    """All programs, each started for the task; those still in the mapping at the end are ended."""
    started: dict[str, Competitor] = {}
    try:
        for program in programs:
            started[program.name] = Competitor(program.module, task)
        yield started
    finally:
        for competitor in started.values():
            competitor.close()


def facts_of(
    competitors: dict[str, Competitor], absent: dict[str, str], say: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """What each program says of itself once it is ready."""
    facts = {}
    for name in list(competitors):
        say(f"waiting for {name}")
        try:
            facts[name] = competitors[name].heard("ready")
        except ProgramError as error:
            drop(name, error, competitors, absent)
    return facts


def share_of_others(competitors: Iterable[Competitor], warmup: int = 0) -> dict[str, float]:
    """Mean and largest share of all cores that others used during the rounds after the warm-up; empty without any."""
    shares = [share for each in competitors for share in each.company[warmup:]]
    return {"mean": mean(shares), "max": max(shares)} if shares else {}


def _rounds(
    competitors: dict[str, Competitor], rounds: int, absent: dict[str, str], say: Callable[[str], None]
) -> dict[str, list[float]]:
    """Seconds of each round, by program."""
    seconds: dict[str, list[float]] = {name: [] for name in competitors}
    for number in range(rounds):
        for name in rotated(list(competitors), number):
            say(f"round {number + 1}/{rounds}: {name}")
            try:
                seconds[name].append(competitors[name].train()["seconds"])
            except ProgramError as error:
                drop(name, error, competitors, absent)
                del seconds[name]
    return seconds


def rotated(names: list[str], by: int) -> list[str]:
    """The same names, beginning with another one each time."""
    first = by % len(names) if names else 0
    return names[first:] + names[:first]


def drop(name: str, error: ProgramError, competitors: dict[str, Competitor], absent: dict[str, str]) -> None:
    """Note why a program that broke is out, and end it."""
    absent[name] = str(error)
    competitors.pop(name).close()


def _summary(values: list[float]) -> dict[str, Any]:
    spread = Spread.of(values)
    return {"us_per_image": {"median": spread.median, "min": spread.min, "max": spread.max, "rounds": values}}


def _comparisons(programs: Sequence[Program], counted: dict[str, list[float]], batch_size: int) -> dict[str, Any]:
    if OURS.name not in counted:
        return {}
    return {
        each.name: comparison(
            counted[OURS.name], counted[each.name], each.target, judged=batch_size == TARGET_BATCH_SIZE
        )
        for each in programs
        if each.target and each.name in counted
    }
