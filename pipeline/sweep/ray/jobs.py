"""The jobs of a command on a Ray cluster: started, followed to their ends, and cancelled."""

import signal
import time
from collections.abc import Iterable, Mapping
from typing import Any

import cloudpickle
import ray
from hydra.core.utils import JobReturn
from ray.exceptions import ActorUnavailableError, RayActorError, RayError

from pipeline import ROOT
from pipeline.errors import InputError, Interrupted
from pipeline.places import IS_INSTALLED
from pipeline.process.console import print_line
from pipeline.process.interruption import raise_if_interrupted, signals_deferred
from pipeline.secrets import masked
from pipeline.sweep.job_failures import JobLost
from pipeline.sweep.ray.cluster import NAMESPACE, knows_any, nodes
from pipeline.sweep.ray.followed_job import FollowedJob
from pipeline.sweep.ray.job import RayJob
from pipeline.sweep.ray.settings import RaySettings
from pipeline.sweep.ray.supervisor import JobOutput, Supervisor
from pipeline.text.wording import first_line, last_line
from pipeline.tracking.owner import RAY_JOB

CANCEL_TIMEOUT = 20.0
"""Seconds in which a cancelled job must have ended tidily, before its supervisor is killed."""
PERIOD = 5.0
"""Seconds that a supervisor waits for its job to say something before it answers."""
UNKNOWN = 3
"""How often in a row the head, asked every `PERIOD`, knows none of the jobs before it is taken for another one."""
WAITING = 30.0
"""Seconds after which the user is told that jobs wait for room in the cluster."""


class Jobs:
    """The jobs that a command has on a Ray cluster.

    Each has a supervisor, an actor that is detached: a command that is killed, or cut off for ever, takes none of them
    along, and Ray starts it again when its node is lost. Nothing else is needed in between: a task of Ray would end
    with the process that owns it. Where Ray was started by the command, they end with it.

    Args:
        settings: the settings of the launcher.
        name: what the names of the supervisors begin with.
        environment: variables of the command, of which None is to be unset.
    """

    def __init__(self, settings: RaySettings, name: str, environment: Mapping[str, str | None]) -> None:
        self.settings = settings
        self.name = name
        self.environment = dict(environment)
        self.jobs: list[FollowedJob] = []
        self._asked: dict[Any, FollowedJob] = {}
        self.is_ours = settings.address is None

    def _start(self, jobs: Iterable[RayJob]) -> None:
        """Have the cluster start jobs as soon as it has room for them."""
        actor = ray.remote(Supervisor)
        checkout = None if IS_INSTALLED else str(ROOT)
        for job in jobs:
            name = f"{self.name}-{job.number}"
            options = {
                **self.settings.options(),
                "name": name,
                "lifetime": None if self.is_ours else "detached",
                "max_concurrency": 4,  # it is cancelled while it is asked what the job said
                "scheduling_strategy": "SPREAD",
            }
            environment = self.environment | {RAY_JOB: name}
            supervisor = actor.options(**options).remote(checkout, cloudpickle.dumps(job), environment)
            self.jobs.append(FollowedJob(job.number, name, job.overrides, supervisor))
        # A supervisor answers as soon as it has begun.
        self._asked = {job.supervisor.next_output.remote(0): job for job in self.jobs}
        print_line(self._announcement())

    def results(self, jobs: Iterable[RayJob]) -> list[JobReturn]:
        """Start jobs, print what they say, and give what they returned, when all have ended.

        Raises:
            JobLost: the connection to the cluster was lost, and all jobs with it.
            Interrupted: a signal came. At Ctrl-C, and where Ray was started by this command, the jobs are cancelled.
        """
        try:
            self._start_and_follow_or_cancel(jobs)
        except (ConnectionError, RayError) as error:
            raise JobLost(self._lost(masked(first_line(error)))) from error
        return [job.result for job in self.jobs if job.result]

    def _lost(self, reason: str) -> str:
        again = "The same command goes on in their place"
        if self.is_ours:
            return (
                f"hydra.launcher.address=null: Ray, which this command had started on this machine, was lost "
                f"({reason}), and its jobs with it. {again}"
            )
        return (
            f"hydra.launcher.address={self.settings.address}: the connection to Ray was lost ({reason}). The jobs go "
            f"on if the cluster does. {again}"
        )

    def _announcement(self) -> str:
        where = "on this machine" if self.is_ours else f"at {self.settings.address}"
        names = f"{self.jobs[0].name} to {self.jobs[-1].number}" if len(self.jobs) > 1 else self.jobs[0].name
        lasting = "" if self.is_ours else ", which go on if this command is killed"
        return f"Ray {where}: {names}, {self.settings.described()} each{lasting}"

    def _killing(self) -> str:
        return f"ray kill-actor --namespace {NAMESPACE} --name {self.jobs[0].name}"

    def _start_and_follow_or_cancel(self, jobs: Iterable[RayJob]) -> None:
        try:
            self._start_and_follow(jobs)
        except Interrupted as interrupt:
            if self.is_ours or interrupt.number == signal.SIGINT:
                self._cancel()
            else:
                print_line(f"The jobs go on. To end one tidily: {self._killing()}")
            raise

    def _start_and_follow(self, jobs: Iterable[RayJob]) -> None:
        try:
            with signals_deferred():
                self._start(jobs)
            self._follow()
        except KeyboardInterrupt:
            raise_if_interrupted()  # as Ray raises an exception of its own for each that a signal raises while it waits
            raise

    def _follow(self, until: float = float("inf")) -> None:
        """Print what the jobs say until all of them have ended, or until an instant of the monotonic clock."""
        began_at = checked_at = time.monotonic()
        asked = self._asked
        warned, unknown = False, 0
        while asked and time.monotonic() < until:
            ready, _ = ray.wait(list(asked), timeout=min(PERIOD, max(0.1, until - time.monotonic())))
            if time.monotonic() > checked_at + PERIOD:  # a job may go on talking long after its head was lost
                checked_at = time.monotonic()
                # Of a job that has just ended, its answer tells soon.
                unknown = 0 if knows_any(job.name for job in asked.values()) else unknown + 1
                if unknown == UNKNOWN:
                    raise ConnectionError("its head was started anew, and knows none of the jobs")
            for answer in ready:
                job = asked[answer]
                if not self._has_ended(job, answer):
                    asked[job.supervisor.next_output.remote(PERIOD)] = job
                del asked[answer]  # last, so that a signal leaves no job that nobody cancels
            waiting = [job for job in asked.values() if not job.node]
            if waiting and not warned and time.monotonic() > began_at + WAITING:
                warned = True
                print_line(self._waiting(len(waiting)))

    def _has_ended(self, job: FollowedJob, answer: Any) -> bool:
        try:
            said: JobOutput = ray.get(answer)
        except ActorUnavailableError:  # it is started again, or forgotten
            time.sleep(0.5)
            return False
        except RayActorError as error:
            job.failed(
                JobLost(
                    f"job {job.number}: lost ({last_line(error)}), and not started again: somebody "
                    f"ended it, or it was lost more than hydra.launcher.max_restarts={self.settings.max_restarts} "
                    "times. The same command goes on"
                )
            )
            return True
        job.print(said)
        if said.refusal:
            job.failed(InputError(f"job {job.number}: {said.node} cannot run it: {said.refusal}"))
        elif said.end:
            job.result = cloudpickle.loads(said.end)
        elif said.end is None:
            return False
        ray.kill(job.supervisor)
        return True

    def _waiting(self, waiting: int) -> str:
        return (
            f"{waiting} of {len(self.jobs)} jobs wait for a node with {self.settings.described()} free. The cluster: "
            f"{nodes()}"
        )

    def _cancel(self) -> None:
        """Have the jobs end tidily, those first that have begun, and kill what has not ended in time."""
        print_line("Cancelling the jobs on Ray …")
        begun = [job for job in self.jobs if job.node and not job.result]
        for job in begun:
            job.supervisor.cancel.remote()
        for job in self.jobs:
            if not job.node:
                ray.kill(job.supervisor)
        self._follow(time.monotonic() + CANCEL_TIMEOUT)
        for job in begun:
            ray.kill(job.supervisor)
