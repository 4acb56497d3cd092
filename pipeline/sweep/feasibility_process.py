"""The feasibility of a search space is checked in a process of its own, whose end frees all memory that it took."""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from hydra.types import HydraContext
from omegaconf import DictConfig

from pipeline.config.names import Config
from pipeline.errors import InputError, Interrupted
from pipeline.process.command import JobFailed, no_more_written, prepare_process
from pipeline.process.interruption import listen_as_child, raise_if_interrupted
from pipeline.secrets import masked
from pipeline.sweep.feasibility import PLANNED_POINTS, Feasibility, check_feasibility, configs_of, points_to_check
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.workers.fork_server import fork_server
from pipeline.sweep.workers.process_death import OF_MEMORY


def feasibility_of(context: HydraContext, hydra_config: DictConfig, plan: Plan) -> Feasibility:
    """Check points of a plan's search space in another process.

    Args:
        context: what Hydra composes configs with.
        hydra_config: the config of the command with Hydra's own keys.
        plan: the plan of the study.

    Raises:
        InputError: as `check_feasibility`; or the process died.
        JobFailed: the check failed by a defect, whose traceback the process has printed.
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
        answer: Feasibility | InputError | JobFailed = here.recv()
    except EOFError:
        raise_if_interrupted()  # a signal for all processes ended it
        process.join()
        raise InputError(f"the process that checked the search space {_death(process.exitcode)}") from None
    finally:
        process.kill()
        process.join()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _death(code: int | None) -> str:
    if code is None or code >= 0:
        return (
            f"ended with code {code} and gave no answer. Correct the code of yours that ended it; where there is none, "
            "type the command again"
        )
    cure = "; perhaps the memory was used up: narrow the space" if -code in OF_MEMORY else ". Type the command again"
    return f"was killed by {signal.Signals(-code).name}{cure}"


def _answer(plan: Plan, points: Sequence[dict[str, Value]], configs: Sequence[Config], to_command: Connection) -> None:
    """Send the command what the check found out, or what it refuses; the traceback of a defect is printed here."""
    os.setsid()  # so that Ctrl-C reaches the command alone
    prepare_process(listen_as_child)
    try:
        answer: Feasibility | InputError | JobFailed = check_feasibility(plan, points, configs)
    except InputError as error:
        answer = InputError(str(error))  # not as one of its subclasses, some of which cannot be sent
    except Interrupted as interrupt:
        sys.exit(128 + interrupt.number)
    except Exception as error:
        if full := no_more_written(error):
            answer = InputError(full)
        else:
            print(masked(traceback.format_exc()), end="", file=sys.stderr)
            answer = JobFailed(1)
    with suppress(BrokenPipeError):  # the command was stopped
        to_command.send(answer)
