"""A study has one MLflow run of its own, which every command that works on the study opens again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any

import optuna

from pipeline.config.names import Config
from pipeline.errors import InputError, StoreUnreachable
from pipeline.process.interruption import raise_if_interrupted
from pipeline.runs.recorded_config import record_config
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.study.locks import common_lock
from pipeline.sweep.study.results import RUN_ID
from pipeline.sweep.study.storage import has_storage, storage_of
from pipeline.sweep.study.study import Study
from pipeline.tracking.lifecycle import is_open, join_run, start_run
from pipeline.tracking.run import Run
from pipeline.tracking.server_check import prompt_answers
from pipeline.tracking.store import Store
from pipeline.tracking.tags import STUDY, STUDY_KEY


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
        with common_lock(name, study.settings.storage):  # so that two commands of one name do not start two runs
            if study.run_id:
                run = opened.enter_context(join_run(store, study.run_id))
            else:
                begun = store.search(store.experiments, f"tags.{STUDY_KEY} = '{study.key}'")
                tags = {STUDY: name, STUDY_KEY: study.key}
                opening = join_run(store, begun[0].info.run_id) if begun else start_run(store, experiment, name, tags)
                run = opened.enter_context(opening)
                if not (begun and begun[0].data.params):
                    run.params(study.plan.described())
                record_config(run, config)
                study.run_id = run.id  # last, so that the next command finishes what one that was killed had begun
        yield run


class SharedRun(AbstractContextManager["SharedRun"]):
    """A worker keeps the run of its study open, also if the command that began the study has ended.

    Args:
        store: the tracking store.
        run_id: the id of the study's run.

    Attributes:
        is_mine: whether this worker has opened the run, and closes it when the context ends.
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self.run = Run(store, store.id_here(store.run(run_id)))
        self.is_mine = False
        self._opened = ExitStack()

    def __exit__(self, *error: Any) -> None:
        self._opened.__exit__(*error)
        if not self.is_mine:
            self.run.store.settle(self.run.id)  # the runs of the trials that this worker trained

    def ensure_open(self, *, at_the_end: bool = False) -> None:
        """Open the run if nobody has it open, which nobody knows while the tracking server does not answer at once.

        Args:
            at_the_end: open it also if another machine seems to have it open, which may be gone without a word; the
                server is waited for as long as for any request.

        Raises:
            StoreUnreachable: the server did not answer at the end.
        """
        if self.is_mine:
            return
        if at_the_end:
            self._open_unless_open(here=True)
            return
        with suppress(StoreUnreachable), prompt_answers(self.run.store.uri):
            self._open_unless_open(here=False)
        raise_if_interrupted()  # of a signal that was deferred while the server was asked

    def _open_unless_open(self, *, here: bool) -> None:
        if not is_open(self.run.store, self.run.id, here=here):
            self._opened.enter_context(join_run(self.run.store, self.run.id, take_over=True))
            self.is_mine = True


def begun_run_id(settings: StudySettings) -> str | None:
    """Give the id of the run of a study that was begun; None if no study of this name has one."""
    if not has_storage(settings.study, settings.storage):
        return None  # nothing is created before all settings are known to be right
    storage = storage_of(settings.study, settings.storage)
    if settings.study not in optuna.get_all_study_names(storage):
        return None
    return optuna.load_study(study_name=settings.study, storage=storage).user_attrs.get(RUN_ID)


def check_has_run(store: Store, settings: StudySettings, run_id: str) -> None:
    """Refuse a store that does not have the run of a study, before the study is opened and given more trials.

    Args:
        store: the tracking store.
        settings: the settings of the study.
        run_id: the id of its run.

    Raises:
        InputError: the store does not have the run, or it was deleted.
    """
    try:
        store.run(run_id)
    except InputError as error:
        name = settings.study
        raise InputError(
            f"sweep.study={name}: {error}. The runs of its trials are below that run: set the tracking.uri that the "
            f"study was begun with, or restore the run; or begin another study: sweep.study={name}_2"
        ) from error
