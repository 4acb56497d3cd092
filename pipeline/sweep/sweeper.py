"""What Hydra calls for `-m`: the trainings go to the launcher, and a parent run holds them together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from pipeline.config.composition import name_of, plain
from pipeline.config.names import Config, quoted
from pipeline.errors import InputError
from pipeline.process.command import print_remarks, start
from pipeline.sweep.effect import idle_of_several
from pipeline.sweep.points import Point, points_of
from pipeline.sweep.workers.processes import warm_up

if TYPE_CHECKING:
    from pipeline.tracking.run import Run


class PointSweeper(Sweeper):
    """Trains every point that the preset and the command line name. The launcher decides where."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Hydra's way to hand over what it knows."""
        self.config, self.hydra_context = config, hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Train all; a training that fails leaves the others alone and raises at the end."""
        assert self.config is not None
        assert self.hydra_context is not None
        given = OverridesParser.create(self.hydra_context.config_loader).parse_overrides(arguments)
        typed = [each for each in given if each.key_or_group != "resume"]
        choices = self.config.hydra.runtime.choices
        config = _task(self.config)
        print_remarks(idle_of_several(given, config, choices["hydra/launcher"]))
        if "space" in config["sweep"]:
            warm_up()  # before we import what takes as long as what it imports
            from pipeline.sweep.search import search

            return search(self.hydra_context, self.config, config, given)
        points = points_of(typed, config["sweep"]["points"], choices)
        composed = [self._composed(point) for point in points]
        fixed = [each.input_line for each in typed if not each.is_sweep_override()]
        swept = [each.input_line for each in typed if each.is_sweep_override()]
        name = name_of(fixed, choices, config)
        start()
        _check(points, composed)
        members = {point.name: each for point, each in zip(points, composed, strict=True)}
        return self._train(points, members, config, " ".join([*([name] if name != "default" else []), *swept]) or name)

    def _composed(self, point: Point) -> Config:
        assert self.hydra_context is not None
        return _task(self.hydra_context.config_loader.load_sweep_config(self.config, list(point.overrides)))

    def _train(self, points: Sequence[Point], members: Mapping[str, Config], config: Config, name: str) -> Any:
        assert self.launcher is not None
        from pipeline.runs.family import family

        with family(config, name, members, resume=config["resume"]) as parent:
            jobs = list(_jobs(points, parent, config["tracking"]["experiment"]))
            results = self.launcher.launch(jobs, initial_job_idx=0) if jobs else []
        _tell(parent, points[0].overrides)
        return [each.return_value for each in results]


def _tell(parent: "Run", overrides: Sequence[str]) -> None:
    """What the trainings came to, and what to type next."""
    from pipeline.runs.family import best_of
    from pipeline.runs.next_steps import next_steps
    from pipeline.tracking.run_facts import beginning, finished_children

    finished = finished_children(parent.store, parent.id)
    if not finished:
        return
    best = best_of(finished)
    one, word = best or finished[0], "the best" if best else finished[0].name
    scores = ", ".join(f"{name.upper()} {one.scores[name]:.2f}" for name in ("elbo", "nll") if name in one.scores)
    said = (
        f"The best: {one.name}, {scores} nats on the test split, run {one.id}"
        if best
        else "None is the best: they differ in data or likelihood, or have no scores of the test split"
    )
    print(f"\nAll of them: {parent.name}, run {parent.id}\n{said}")
    print(next_steps(parent, beginning(one.id), word, overrides))


def _task(config: DictConfig) -> Config:
    """What is ours of a config; the rest is Hydra's."""
    return plain(OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"]))


def _check(points: Sequence[Point], composed: Sequence[Config]) -> None:
    """Refuse a wrong setting of any training before the first one begins."""
    from pipeline.runs.initial_weights import model_of
    from pipeline.runs.setup import Experiment

    for point, config in zip(points, composed, strict=True):
        try:
            experiment = Experiment.from_config(config)
            if config.get("init"):
                model_of(str(config["init"]), experiment.tracking.connect().model)
        except InputError as error:
            raise InputError(f"{point.name}: {error}" if point.name else str(error)) from error


def _jobs(points: Sequence[Point], parent: "Run", experiment: str) -> Iterator[list[str]]:
    """The overrides of each training that is left to do, in the parent's experiment; an interrupted one goes on."""
    from pipeline.runs.train import checkpoint_of

    before = {run.info.run_name: run.info for run in parent.store.children(parent.id)}
    for point in points:
        run = before.get(point.name)
        if run and checkpoint_of(run.run_id).exists():
            yield [f"resume={run.run_id}", *(each for each in point.overrides if each.startswith("tracking.uri="))]
        elif not run or run.status != "FINISHED":
            # Else data sets that vary would scatter the members over experiments, and the parent would not find them.
            here = [] if _chooses_experiment(point) else [f"tracking.experiment={quoted(experiment)}"]
            yield [*point.overrides, *here, f"tracking.parent={parent.id}", *_named(point.name)]


def _chooses_experiment(point: Point) -> bool:
    return any(each.startswith("tracking.experiment=") for each in point.overrides)


def _named(name: str) -> list[str]:
    return [f"tracking.name={quoted(name)}"] if name else []
