"""A study from its command to its end: planned, looked over, worked on by what the launcher starts, and reported."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig
from optuna.distributions import CategoricalDistribution
from rich.console import Console

import pipeline.tracking.loaded  # noqa: F401 — while the process that trials are forked from imports TensorFlow
from pipeline import ROOT
from pipeline.build import build, check_value
from pipeline.composition import INERT
from pipeline.config import Config, flatten, shown
from pipeline.door import JobFailed
from pipeline.errors import InputError, Interrupted
from pipeline.interruption import listen
from pipeline.settings import Text
from pipeline.sweep.distribution import Value
from pipeline.sweep.grammar import distribution_of, space_of
from pipeline.sweep.journal import lock_of
from pipeline.sweep.plan import Plan
from pipeline.sweep.preflight import MOST, Look, composed, look_in_child, points_of
from pipeline.sweep.processes import warm_processes
from pipeline.sweep.progress import WORDS
from pipeline.sweep.report import report
from pipeline.sweep.sampling import check_sampler, sampler_of
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space import Space
from pipeline.sweep.study import Study, is_known
from pipeline.sweep.worker import Worker
from pipeline.tracking.lifecycle import joined, start
from pipeline.tracking.run import Run
from pipeline.tracking.settings import Tracking
from pipeline.tracking.trials import STUDY

JOBS = ROOT / "mlruns" / "jobs"
OF_TRIALS = {"pictures": "cards", "evaluation.split": "validation"}
"""What is otherwise in trials than in a training alone, unless the command line chooses."""


def search(context: HydraContext, master: DictConfig, config: Config, typed: Sequence[Override]) -> None:
    """Train the trials of a study, or those that are left of it.

    Args:
        context, master: of Hydra.
        config: what the command composed, resolved.
        typed: the command line.

    Raises:
        InputError: a wrong setting, a point that cannot be trained, or a study that asks another question.
        Interrupted: the same command goes on.
        JobFailed: the study did not reach its goal.
    """
    listen()
    plan, console = plan_of(config, typed, OverridesParser.create(context.config_loader)), Console()
    settings = plan.settings
    seen = None if is_known(settings) else _looked_over(context, master, plan)
    if seen:
        _say_what_was_seen(seen, plan, console)
    study = Study(plan, seen.work if seen else {})
    try:
        with _recorded(study, config) as parent:
            worker = Worker(plan, context, master, JOBS / settings.study, parent.id, parent.store.uri)
            launcher = Plugins.instance().instantiate_launcher(
                hydra_context=context, task_function=worker, config=master
            )
            results = launcher.launch([list(plan.overrides)] * settings.workers, initial_job_idx=0)
            for result in results:
                result.return_value  # noqa: B018 — raises what a worker raised
            report(parent, study)
    except Interrupted as interrupt:
        raise Interrupted(f"{interrupt}. Go on with the same command") from None
    _say_what_came_of_it(study, console)


def plan_of(config: Config, typed: Sequence[Override], parser: OverridesParser) -> Plan:
    """What the command and the preset ask for.

    Raises:
        InputError: naming the key, the value and the cure.
    """
    node = dict(config["sweep"])
    sampler = node.pop("sampler")
    trusted = check_value(config["trusted"], list[Text], "trusted")
    settings: StudySettings = build(node, "sweep", ["optuna", *trusted], wanted=StudySettings)
    space = _with_typed(space_of(settings.space, parser), typed)
    if not space:
        raise InputError(
            f"sweep.study={settings.study}: nothing is searched. Name keys and values, such as model.latent_dim=2,8,32 "
            "'training.learning_rate=tag(log, interval(1e-4, 1e-2))'"
        )
    check_sampler(sampler_of(sampler, settings.seed), space, settings.directions)
    settings = replace(settings, enqueue=[_known(space, point) for point in settings.enqueue])
    ours_to_vary = (*space, "resume")
    lines = [each.input_line or "" for each in typed if each.key_or_group not in ours_to_vary]
    fixed = {
        key: value for key, value in flatten(config).items() if not key.startswith(INERT) and key not in list(space)
    }
    chosen = {each.key_or_group for each in typed}
    ours = [f"{key}={value}" for key, value in OF_TRIALS.items() if key not in chosen]
    return Plan(settings, sampler, space, [*ours, *lines], fixed)


def _known(space: Space, point: Mapping[str, Any]) -> dict[str, Value]:
    try:
        return space.point(point)
    except InputError as error:
        raise InputError(f"sweep.enqueue: {error}") from error


def _with_typed(space: Space, typed: Sequence[Override]) -> Space:
    """The space after the command line fixed some of its keys and widened others."""
    fixed = {each.key_or_group: shown(each.value()) for each in typed if not each.is_sweep_override()}
    conditional = set(space) - set(space.dimensions)
    space = space.without({key: value for key, value in fixed.items() if key not in conditional})
    for key, value in fixed.items():
        if key in list(space):  # it has this value, but only where it exists
            space = space.widened(key, CategoricalDistribution([value]))
    for each in typed:
        if each.is_sweep_override():
            space = space.widened(each.key_or_group, distribution_of(each))
    return space


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
def _recorded(study: Study, config: Config) -> Iterator[Run]:
    """The run of a study, the same for all commands that work on it."""
    tracking: Tracking = build(config["tracking"], "tracking", wanted=Tracking)
    store, name = tracking.connect(), study.settings.study
    with ExitStack() as opened:
        with lock_of(name):
            if study.run_id:
                run = opened.enter_context(joined(store, study.run_id))
            else:
                run = opened.enter_context(start(store, tracking.experiment, name, {STUDY: name}))
                study.run_id = run.id
                run.params(study.plan.described())
                run.file("config.yaml", yaml.safe_dump(config, sort_keys=False))
        yield run


def _say_what_was_seen(seen: Look, plan: Plan, console: Console) -> None:
    fewest, most = seen.parameters
    sizes = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    every = ", every point of the space" if plan.number < plan.settings.n_trials else ""
    console.print(
        f"Study [bold]{plan.settings.study}[/bold]: at most {plan.number} trials{every}, searching "
        f"{', '.join(plan.space)}. All of {seen.points} points can be trained: {sizes} parameters, "
        f"up to {seen.memory:.1f} GB",
        highlight=False,
        soft_wrap=True,
    )


def _say_what_came_of_it(study: Study, console: Console) -> None:
    counts = {word: len(study.of_state(state)) for state, word in WORDS.items()}
    console.print(", ".join(f"{count} {word}" for word, count in counts.items() if count), highlight=False)
    if study.hopeless:
        raise InputError(
            f"sweep.study={study.settings.study}: gave up after {counts['failed']} failures, more than "
            f"sweep.max_failures={study.settings.max_failures}; the last: {study.last_failure()}"
        )
    if not counts["done"]:
        raise JobFailed(1)
