"""The feasibility of a search space is checked in a process of its own, whose end frees all memory that it took."""

import os
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from hydra.types import HydraContext
from omegaconf import DictConfig

from pipeline.config.names import Config
from pipeline.errors import InputError
from pipeline.process.interruption import listen_as_child, raise_if_interrupted
from pipeline.sweep.feasibility import PLANNED_POINTS, Feasibility, check_feasibility, configs_of, points_to_check
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.workers.fork_server import fork_server


def feasibility_of(context: HydraContext, hydra_config: DictConfig, plan: Plan) -> Feasibility:
    """Check points of a plan's search space in another process.

    Args:
        context: what Hydra composes configs with.
        hydra_config: the config of the command with Hydra's own keys.
        plan: the plan of the study.

    Raises:
        InputError: as `check_feasibility`; or the process ended without an answer.
    """
    planned = [point for point in plan.points() if point][:PLANNED_POINTS]
    points = points_to_check(plan.space, plan.settings.seed, planned)
    configs = configs_of(context, hydra_config, plan, points)  # here, as the fork server still imports TensorFlow
    server = fork_server()
    here, there = server.Pipe()
    process = server.Process(target=_answer, args=(plan, points, configs, there), daemon=True)
    process.start()
    there.close()
    try:
        answer: Feasibility | str = here.recv()
    except EOFError:
        raise_if_interrupted()  # a signal for all processes ended it
        raise InputError(
            "the process that checked the search space ended without an answer; perhaps the memory was used up: narrow "
            "the space"
        ) from None
    finally:
        process.kill()
        process.join()
    if isinstance(answer, str):
        raise InputError(answer)
    return answer


def _answer(plan: Plan, points: Sequence[dict[str, Value]], configs: Sequence[Config], to_command: Connection) -> None:
    """Send the command what the check found out, or the message of what it refuses."""
    from pipeline.process.command import prepare_process

    os.setsid()  # so that Ctrl-C reaches the command alone
    prepare_process(listen_as_child)
    try:
        answer: Feasibility | str = check_feasibility(plan, points, configs)
    except InputError as error:
        answer = str(error)
    with suppress(BrokenPipeError):  # the command was stopped
        to_command.send(answer)
