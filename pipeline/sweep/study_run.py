"""A study has one MLflow run of its own, which every command that works on the study opens again."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import yaml

from pipeline.config.names import Config
from pipeline.errors import InputError
from pipeline.sweep.study.storage import lock_of
from pipeline.sweep.study.study import Study
from pipeline.tracking.lifecycle import join_run, start_run
from pipeline.tracking.run import Run
from pipeline.tracking.store import Store
from pipeline.tracking.trials import STUDY


@contextmanager
def study_run(study: Study, store: Store, experiment: str, config: Config) -> Iterator[Run]:
    """Open the run of a study, or start it if the study has none yet.

    Args:
        study: the study.
        store: the tracking store.
        experiment: the MLflow experiment of a new run.
        config: the config of the command, which a new run keeps.

    Raises:
        InputError: the study has a run that this store does not have, or that was deleted.
    """
    name = study.settings.study
    with ExitStack() as opened:
        with lock_of(name):  # so that two commands of one name do not start two runs
            if study.run_id:
                run = opened.enter_context(_existing_run(study, store))
            else:
                run = opened.enter_context(start_run(store, experiment, name, {STUDY: name}))
                study.run_id = run.id
                run.params(study.plan.described())
                run.file("config.yaml", yaml.safe_dump(config, sort_keys=False))
        yield run


@contextmanager
def _existing_run(study: Study, store: Store) -> Iterator[Run]:
    name = study.settings.study
    with ExitStack() as opened:
        try:
            run = opened.enter_context(join_run(store, study.run_id or ""))
        except InputError as error:
            raise InputError(
                f"sweep.study={name}: {error}. The runs of its trials are below that run: set the tracking.uri that "
                f"the study was begun with, or restore the run; or begin another study: sweep.study={name}_2"
            ) from error
        yield run
