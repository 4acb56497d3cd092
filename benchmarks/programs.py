"""The programs of the contest: where each one is, what it needs, and how far ahead of it we want to be."""

from dataclasses import dataclass
from importlib.util import find_spec

CURE = "pip install --group bench"


@dataclass(frozen=True)
class Target:
    """What the ratio at batch 32 should be.

    Attributes:
        ratio: the limit.
        ours_above: the ratio is ours over the program's time, and should stay below the limit; otherwise it is the
            program's over ours, and should reach it.
    """

    ratio: float
    ours_above: bool = False


@dataclass(frozen=True)
class Program:
    """A competitor.

    Attributes:
        name: as the tables call it.
        module: its function `run(task, turn)` is the program.
        needs: packages that must be importable.
        target: at batch 32; None for ourselves.
    """

    name: str
    module: str
    needs: tuple[str, ...] = ()
    target: Target | None = None

    def missing(self) -> str | None:
        """Why it cannot take part, with the cure; None if it can."""
        absent = [package for package in self.needs if find_spec(package) is None]
        return f"{', '.join(absent)} not installed: {CURE}" if absent else None


OURS = Program("ours", "benchmarks.ours")
PEERS = {
    "keras_tutorial": Program("keras tutorial", "benchmarks.peers.keras_tutorial", target=Target(1.25)),
    "pythae": Program("pythae", "benchmarks.peers.pythae_vae", ("torch", "pythae"), Target(1.8)),
    "torch_loop": Program("torch loop", "benchmarks.peers.torch_loop", ("torch",), Target(2.0)),
    "floor": Program("floor", "benchmarks.floor", target=Target(1.8, ours_above=True)),
}
TARGET_BATCH_SIZE = 32

IN_MEMORY = Program("in memory", "benchmarks.ours", target=Target(1.03, ours_above=True))
MAPPED = Program(OURS.name, "benchmarks.mapped")
"""Ourselves twice: on images in memory, and on those that are mapped, which should take as long."""
