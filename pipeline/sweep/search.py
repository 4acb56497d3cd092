"""A study from its command to its end: planned, looked over, worked on by what the launcher starts, and reported."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig
from optuna.trial import TrialState
from rich.console import Console
from rich.text import Text

import pipeline.tracking.preload  # noqa: F401 — while the process that trials are forked from imports TensorFlow
from pipeline.config.build import build
from pipeline.config.names import Config
from pipeline.errors import InputError, Interrupted
from pipeline.places import MLRUNS
from pipeline.process.interruption import listen
from pipeline.sweep.last_word import last_word
from pipeline.sweep.preflight import MOST, Look, composed, look_in_child, points_of
from pipeline.sweep.report import report
from pipeline.sweep.study.from_command import plan_of
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.study.storage import lock_of
from pipeline.sweep.study.study import Study, is_begun
from pipeline.sweep.workers.processes import warm_processes
from pipeline.sweep.workers.worker import Worker
from pipeline.tracking.lifecycle import joined, start
from pipeline.tracking.run import Run
from pipeline.tracking.settings import TrackingSettings
from pipeline.tracking.store import Store
from pipeline.tracking.trials import STUDY

JOBS = MLRUNS / "jobs"


def search(context: HydraContext, master: DictConfig, config: Config, typed: Sequence[Override]) -> None:
    """Train the trials of a study, or those that are left of it.

    Args:
        context, master: of Hydra.
        config: what the command composed, resolved.
        typed: the command line.

    Raises:
        InputError: a wrong setting, a point that cannot be trained, a study that asks another question, or one that
            did not reach its goal.
        Interrupted: the same command goes on.
    """
    listen()
    parser, console = OverridesParser.create(context.config_loader), Console()
    plan = plan_of(config, typed, parser, master.hydra.runtime.choices)
    settings = plan.settings
    tracking: TrackingSettings = build(config["tracking"], "tracking", expected=TrackingSettings)
    store = tracking.connect()
    seen = None if is_begun(settings) else _looked_over(context, master, plan)
    if seen:
        _say_what_was_seen(seen, plan, console)
    study = Study(plan, seen.work if seen else {})
    try:
        with _recorded(study, store, tracking.experiment, config) as parent:
            worker = Worker(plan, context, master, JOBS / settings.study, parent.id, parent.store.uri)
            launcher = Plugins.instance().instantiate_launcher(
                hydra_context=context, task_function=worker, config=master
            )
            results = launcher.launch([list(plan.overrides)] * settings.workers, initial_job_idx=0)
            for result in results:
                result.return_value  # noqa: B018 — raises what a worker raised
            said = last_word(parent, study, report(parent, study), plan.overrides)
            console.print(said, highlight=False, soft_wrap=True, markup=False)
            _refuse_failure(study)
    except Interrupted as interrupt:
        raise Interrupted(f"{interrupt}. Go on with the same command") from None


def _looked_over(context: HydraContext, master: DictConfig, plan: Plan) -> Look:
    processes = warm_processes()
    ours, its = processes.Pipe()
    points = points_of(plan.space, plan.settings.seed, [point for point in plan.points() if point][:MOST])
    configs = composed(context, master, plan, points)  # here, because its process still imports TensorFlow
    process = processes.Process(target=look_in_child, args=(plan, points, configs, its), daemon=True)
    process.start()
    its.close()
    try:
        seen: Look | str = ours.recv()
    except EOFError:
        raise InputError(
            "the process that looked the space over ended without a word; perhaps the memory was used up: narrow the "
            "space"
        ) from None
    finally:
        process.kill()
        process.join()
    if isinstance(seen, str):
        raise InputError(seen)
    return seen


@contextmanager
def _recorded(study: Study, store: Store, experiment: str, config: Config) -> Iterator[Run]:
    """The run of a study, the same for all commands that work on it."""
    name = study.settings.study
    with ExitStack() as opened:
        with lock_of(name):
            if study.run_id:
                run = opened.enter_context(_known_run(study, store))
            else:
                run = opened.enter_context(start(store, experiment, name, {STUDY: name}))
                study.run_id = run.id
                run.params(study.plan.described())
                run.file("config.yaml", yaml.safe_dump(config, sort_keys=False))
        yield run


@contextmanager
def _known_run(study: Study, store: Store) -> Iterator[Run]:
    name = study.settings.study
    with ExitStack() as opened:
        try:
            run = opened.enter_context(joined(store, study.run_id or ""))
        except InputError as error:
            raise InputError(
                f"sweep.study={name}: {error}. Its trials are recorded below that run: give the tracking.uri that it "
                f"was begun with, or restore the run; or begin another study: sweep.study={name}_2"
            ) from error
        yield run


def _say_what_was_seen(seen: Look, plan: Plan, console: Console) -> None:
    fewest, most = seen.parameters
    sizes = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    every = ", every point of the space" if plan.number < plan.settings.n_trials else ""
    said = (
        f": at most {plan.number} trials{every}, searching "
        f"{', '.join(plan.space)}. All of {seen.points} points can be trained: {sizes} parameters, "
        f"up to {seen.memory:.1f} GB"
    )
    console.print(Text.assemble("Study ", (plan.settings.study, "bold"), said), soft_wrap=True)


def _refuse_failure(study: Study) -> None:
    """Raises InputError if what came of it is not what a study is for."""
    settings, failed = study.settings, len(study.of_state(TrialState.FAIL))
    anew = f"begin another study, which takes over what is trained: sweep.study={settings.study}_2"
    if study.hopeless:
        raise InputError(
            f"sweep.study={settings.study}: gave up after {failed} failures, more than "
            f"sweep.max_failures={settings.max_failures}; the last: {study.last_failure()}. Raise sweep.max_failures "
            f"to go on, or mend the cause and {anew}"
        )
    if not study.of_state(TrialState.COMPLETE):
        why = study.last_failure() or "all were pruned, which sweep/pruner=none never does"
        raise InputError(f"sweep.study={settings.study}: no trial has a value; {why}. Mend the cause and {anew}")
