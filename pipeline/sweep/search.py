"""A search trains the trials of a study: it plans them, checks the space, starts workers, and reports the results."""

import sys
from collections.abc import Sequence
from socket import gethostname

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig
from rich.console import Console
from rich.text import Text

import pipeline.tracking.preload  # noqa: F401 — while the fork server imports TensorFlow
from pipeline.config.build import build
from pipeline.config.names import Config
from pipeline.errors import InputError, Interrupted
from pipeline.places import JOBS
from pipeline.process.console import UnreadConsole
from pipeline.process.interruption import listen, raise_if_interrupted, received
from pipeline.sweep.feasibility import Feasibility
from pipeline.sweep.feasibility_process import feasibility_of
from pipeline.sweep.job_failures import failures_of, together, told
from pipeline.sweep.report import check_result, report
from pipeline.sweep.study.node import adopt_code
from pipeline.sweep.study.plan import Plan
from pipeline.sweep.study.plan_from_command import plan_of
from pipeline.sweep.study.study import Study
from pipeline.sweep.study_run import begun_run_id, check_has_run, study_run
from pipeline.sweep.study_summary import study_summary
from pipeline.sweep.workers.worker import Worker
from pipeline.text.wording import counted
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
    console = UnreadConsole()
    parser = OverridesParser.create(context.config_loader)
    plan = plan_of(config, overrides, parser, hydra_config.hydra.runtime.choices)
    settings = plan.settings
    tracking: TrackingSettings = build(config["tracking"], "tracking", expected=TrackingSettings)
    store = tracking.connect()
    feasibility = None
    if begun := begun_run_id(settings):
        check_has_run(store, settings, begun)
    else:
        feasibility = feasibility_of(context, hydra_config, plan)
        _announce(plan, feasibility, console)
    study = Study(plan, feasibility.flop if feasibility else {})
    try:
        with study_run(study, store, tracking.experiment, config) as parent:
            adopt_code(study)
            worker = Worker(
                plan=plan,
                hydra_context=context,
                hydra_config=hydra_config,
                folder=JOBS / settings.study,
                parent_id=parent.id,
                uri=parent.store.uri,
                offline=parent.store.offline_of_helpers,
                host=gethostname(),
                arguments=sys.argv[1:],
            )
            launcher = Plugins.instance().instantiate_launcher(
                hydra_context=context, task_function=worker, config=hydra_config
            )
            _launch(launcher, study, console)
            summary = study_summary(parent, study, report(parent, study), plan.overrides)
            console.print(summary, highlight=False, soft_wrap=True, markup=False)
            check_result(study)
    except Interrupted as interrupt:
        raise interrupt.followed_by(". Go on with the same command") from None


def _launch(launcher: Launcher, study: Study, console: Console) -> None:
    """Have workers train all trials; a worker that fails or is lost matters only where it leaves some untrained."""
    try:
        failures = failures_of(
            launcher.launch([list(study.plan.overrides)] * study.settings.workers, initial_job_idx=0)
        )
    except (InputError, Interrupted) as error:  # of the launcher itself, which then has no results of jobs
        if isinstance(error, Interrupted) and received():
            raise  # with what the launcher says of its jobs
        raise_if_interrupted()
        if not study.is_over:
            raise
        failures = [error] if isinstance(error, InputError) else []
    if failures and not study.is_over:
        raise together(failures)
    if message := told(failures):
        console.print(message, highlight=False, soft_wrap=True, markup=False)


def _announce(plan: Plan, feasibility: Feasibility, console: Console) -> None:
    fewest, most = feasibility.parameters
    sizes = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    every = ", every point of the space" if plan.n_trials < plan.settings.n_trials else ""
    announcement = (
        f": at most {counted(plan.n_trials, 'trial')}{every}, searching {', '.join(plan.space)}. All of "
        f"{feasibility.points} points can be trained: {sizes} parameters, up to {feasibility.memory:.1f} GB"
    )
    console.print(Text.assemble("Study ", (plan.settings.study, "bold"), announcement), soft_wrap=True)
