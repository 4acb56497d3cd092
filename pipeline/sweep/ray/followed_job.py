"""A job on a Ray cluster as the command sees it, which follows it from its start to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from pipeline.errors import InputError
from pipeline.process.console import print_line
from pipeline.sweep.ray.supervisor import JobOutput


@dataclass(eq=False)
class FollowedJob:
    """A job as the command that started it sees it.

    Attributes:
        number: of the job.
        name: of its supervisor.
        overrides: what is composed for it.
        supervisor: Ray's handle of its supervisor.
        node: the name of its node; None before it has begun.
        result: what it returned; None before its end, and where it was cancelled.
    """

    number: int
    name: str
    overrides: Sequence[str]
    supervisor: Any
    node: str | None = None
    result: JobReturn | None = None

    def print(self, said: JobOutput) -> None:
        """Print what the job said, each line with its number and node."""
        self.node = said.node
        for is_error, line in said.lines:
            print_line(f"job {self.number}, {said.node}: {line}", is_error=is_error)

    def failed(self, error: InputError) -> None:
        """Keep that the job has no result, and why."""
        self.result = JobReturn(list(self.overrides), status=JobStatus.FAILED)
        self.result.return_value = error
