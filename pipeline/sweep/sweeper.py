"""The sweeper is what Hydra calls for `-m`: it trains the members of a family, or searches with a study."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from signal import SIGTERM
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from pipeline.config.composition import name_of, task_config
from pipeline.config.names import Config, hydra_literal, quoted
from pipeline.config.resumption import decided_anew
from pipeline.errors import Interrupted
from pipeline.process.command import JobFailed, own_work, prepare_process, print_remarks
from pipeline.process.console import print_line
from pipeline.sweep.family_members import FamilyMember, family_members
from pipeline.sweep.ineffective_overrides import ineffective_overrides
from pipeline.sweep.job_failures import JobLost, exit_code, failures_of, told
from pipeline.sweep.refusal import check_each
from pipeline.sweep.workers.fork_server import fork_server

if TYPE_CHECKING:
    from pipeline.tracking.run import Run


class MultirunSweeper(Sweeper):
    """A sweeper that gives all trainings of a command to the launcher, which decides where they run."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over before it calls `sweep`."""
        self.config = config
        self.hydra_context = hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Train all that the command asks for; a training that fails leaves the others alone and raises at the end."""
        assert self.config is not None
        assert self.hydra_context is not None
        overrides = OverridesParser.create(self.hydra_context.config_loader).parse_overrides(arguments)
        choices = self.config.hydra.runtime.choices
        config = task_config(self.config)
        print_remarks(ineffective_overrides(overrides, config, choices["hydra/launcher"]))
        if "space" in config["sweep"]:
            fork_server()  # first, as its imports take as long as those of this process
            from pipeline.sweep.search import search

            with own_work():
                return search(self.hydra_context, self.config, config, overrides)
        overrides = [each for each in overrides if each.key_or_group != "resume"]  # the family's, not its members'
        members = family_members(overrides, config["sweep"]["points"], choices)
        composed = [self._composed(member) for member in members]
        name = _family_name(overrides, self.config.hydra, config)
        prepare_process()
        _check(members, composed)
        from pipeline.runs.family_resumption import begun_name

        # By the name of its run, a family that is resumed finds a training that no preset and no list names.
        members = [replace(each, name=each.name or begun_name(config) or name) for each in members]
        return self._train(members, composed, config, name)

    def _composed(self, member: FamilyMember) -> Config:
        assert self.hydra_context is not None
        loader = self.hydra_context.config_loader
        return task_config(loader.load_sweep_config(self.config, list(member.overrides)))

    def _train(self, members: Sequence[FamilyMember], composed: Sequence[Config], config: Config, name: str) -> None:
        assert self.launcher is not None
        from pipeline.runs.family import family_run

        configs = {member.name: each for member, each in zip(members, composed, strict=True)}
        with family_run(config, name, configs, resume=config["resume"]) as parent:
            jobs = list(_jobs(members, composed, parent, config["tracking"]["experiment"]))
            try:
                failures = failures_of(self.launcher.launch(jobs, initial_job_idx=0) if jobs else [])
            except JobLost as lost:  # all jobs at once, with the connection to their cluster
                failures = [lost]
            if any(isinstance(each, JobLost) for each in failures):
                raise Interrupted(told(failures), SIGTERM)  # so that the family can go on
            if message := told(failures):
                print_line(message, is_error=True)
        _print_summary(parent, members[0].overrides)
        if failures:
            raise JobFailed(exit_code(failures))


def _family_name(overrides: Sequence[Override], hydra: DictConfig, config: Config) -> str:
    """Name a family by what differs from the default in all of its members, and by its lists of values."""
    fixed = [each.input_line or "" for each in overrides if not each.is_sweep_override()]
    lists = [each.input_line or "" for each in overrides if each.is_sweep_override()]
    name = name_of(fixed, hydra, config)
    return " ".join([*([name] if name != "default" else []), *lists]) or name


def _print_summary(parent: "Run", overrides: Sequence[str]) -> None:
    """Print the best member of a family with its scores, and the next commands."""
    from pipeline.runs.family import best_of, key_scores
    from pipeline.runs.next_steps import next_steps
    from pipeline.tracking.comparability import deciding_score, evaluated_split, incomparable_in, ranked
    from pipeline.tracking.run_facts import beginning, finished_children

    finished = finished_children(parent.store, parent.id)
    if not finished:
        return
    best = best_of(finished)
    one = best or finished[0]
    split = evaluated_split(finished)
    difference = incomparable_in(ranked(finished), deciding_score(finished, split))
    reason = f"they differ in {difference}" if difference else "not all have the scores"
    result = (
        f"The best: {one.name}, {key_scores(one.scores(split))} on the {split} split, run {one.id}"
        if best
        else f"No training is the best: {reason}"
    )
    print_line(f"\nAll trainings: {parent.name}, run {parent.id}\n{result}")
    print_line(next_steps(parent, beginning(one.id), "the best" if best else one.name, overrides, split=split))


def _check(members: Sequence[FamilyMember], composed: Sequence[Config]) -> None:
    """Refuse a wrong setting of any member before the first training begins."""
    from pipeline.config.build import trusted_of
    from pipeline.runs.initial_weights import model_of
    from pipeline.runs.setup import Setup
    from pipeline.runs.trained_vae import trained_vae

    def check(config: Config) -> None:
        setup = Setup.from_config(config)
        if config.get("init"):
            model_of(str(config["init"]), partial(trained_vae, setup.tracking.connect(), trusted=trusted_of(config)))

    check_each([each.name for each in members], composed, check)


def _jobs(
    members: Sequence[FamilyMember], composed: Sequence[Config], parent: "Run", experiment: str
) -> Iterator[list[str]]:
    """Iterate over the overrides of each training that is left to do; an interrupted training is resumed."""
    from pipeline.runs.travelling_checkpoint import has_checkpoint

    before = {run.info.run_name: run.info for run in parent.store.children(parent.id)}
    for member, config in zip(members, composed, strict=True):
        run = before.get(member.name)
        if run and has_checkpoint(parent.store, run.run_id):
            anew = decided_anew(config)
            yield [f"resume={run.run_id}", *(f"{key}={hydra_literal(value)}" for key, value in anew.items())]
        elif not run or run.status != "FINISHED":
            # Members stay in the parent's experiment, also if data sets vary, each of which has one of its own.
            here = [] if _chooses_experiment(member) else [f"tracking.experiment={quoted(experiment)}"]
            yield [*member.overrides, *here, f"tracking.parent={parent.id}", f"tracking.name={quoted(member.name)}"]


def _chooses_experiment(member: FamilyMember) -> bool:
    return any(each.startswith("tracking.experiment=") for each in member.overrides)
