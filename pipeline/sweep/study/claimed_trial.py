"""A claimed trial is one that this process works on; no other process claims it while its lease lasts."""

from dataclasses import dataclass, field

from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.space import point_name


@dataclass(frozen=True)
class ClaimedTrial:
    """A claimed trial is one that this process works on.

    Attributes:
        number: the trial's number in its study, from 0.
        id: the trial's id in its storage.
        point: the value of each searched key.
        is_new: whether no process has worked on the trial before.
    """

    number: int
    id: int
    point: dict[str, Value] = field(hash=False)
    is_new: bool = field(default=True, compare=False)

    @property
    def name(self) -> str:
        """The trial's name for people, made of the values that vary."""
        return point_name(self.point)
