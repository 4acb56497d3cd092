"""A search trains the trials of a study: it plans them, checks the space, starts workers, and reports the results."""

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig
from optuna.trial import TrialState
from rich.console import Console
from rich.text import Text

import pipeline.tracking.preload  # noqa: F401 — while the fork server imports TensorFlow
from pipeline.config.build import build
from pipeline.config.names import Config
from pipeline.errors import InputError, Interrupted
from pipeline.places import JOBS
from pipeline.process.interruption import listen
from pipeline.sweep.feasibility import Feasibility
from pipeline.sweep.feasibility_process import feasibility_of
from pipeline.sweep.report import report
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.study.plan_from_command import plan_of
from pipeline.sweep.study.study import Study, is_begun
from pipeline.sweep.study_run import study_run
from pipeline.sweep.study_summary import study_summary
from pipeline.sweep.workers.worker import Worker
from pipeline.tracking.settings import TrackingSettings


def search(context: HydraContext, hydra_config: DictConfig, config: Config, overrides: Sequence[Override]) -> None:
    """Train the trials of a study, or those that are left of a study that was begun before.

    Args:
        context: what Hydra composes configs with.
        hydra_config: the config of the command with Hydra's own keys.
        config: the config of the command without them, resolved.
        overrides: the command line.

    Raises:
        InputError: a setting is wrong, a point cannot be trained, a study of the same name has another definition, or
            the search gave up.
        Interrupted: a signal stopped the search; the message says how to go on.
    """
    listen()
    console = Console()
    parser = OverridesParser.create(context.config_loader)
    plan = plan_of(config, overrides, parser, hydra_config.hydra.runtime.choices)
    settings = plan.settings
    tracking: TrackingSettings = build(config["tracking"], "tracking", expected=TrackingSettings)
    store = tracking.connect()
    feasibility = None if is_begun(settings) else feasibility_of(context, hydra_config, plan)
    if feasibility:
        _announce(plan, feasibility, console)
    study = Study(plan, feasibility.flop if feasibility else {})
    try:
        with study_run(study, store, tracking.experiment, config) as parent:
            worker = Worker(plan, context, hydra_config, JOBS / settings.study, parent.id, parent.store.uri)
            launcher = Plugins.instance().instantiate_launcher(
                hydra_context=context, task_function=worker, config=hydra_config
            )
            jobs = launcher.launch([list(plan.overrides)] * settings.workers, initial_job_idx=0)
            for job in jobs:
                job.return_value  # noqa: B018 — raises what a worker raised
            summary = study_summary(parent, study, report(parent, study), plan.overrides)
            console.print(summary, highlight=False, soft_wrap=True, markup=False)
            _check_result(study)
    except Interrupted as interrupt:
        raise Interrupted(f"{interrupt}. Go on with the same command") from None


def _announce(plan: Plan, feasibility: Feasibility, console: Console) -> None:
    fewest, most = feasibility.parameters
    sizes = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    every = ", every point of the space" if plan.n_trials < plan.settings.n_trials else ""
    announcement = (
        f": at most {plan.n_trials} trials{every}, searching {', '.join(plan.space)}. All of {feasibility.points} "
        f"points can be trained: {sizes} parameters, up to {feasibility.memory:.1f} GB"
    )
    console.print(Text.assemble("Study ", (plan.settings.study, "bold"), announcement), soft_wrap=True)


def _check_result(study: Study) -> None:
    """Raise InputError if too many trials failed, or none has a value."""
    name = study.settings.study
    limit = study.settings.max_failures
    anew = f"begin another study, which takes over what is trained: sweep.study={name}_2"
    if study.gave_up:
        raise InputError(
            f"sweep.study={name}: gave up after {len(study.of_state(TrialState.FAIL))} failures, more than "
            f"sweep.max_failures={limit}; the last: {study.last_failure()}. Raise sweep.max_failures to go on, or mend "
            f"the cause and {anew}"
        )
    if not study.of_state(TrialState.COMPLETE):
        why = study.last_failure() or "all were pruned, which sweep/pruner=none never does"
        raise InputError(f"sweep.study={name}: no trial has a value; {why}. Mend the cause and {anew}")
