"""A pruner judges trials by one metric of each epoch, whatever the objectives of the study are."""

import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from pipeline.sweep.settings import Direction


class StudyForPruner(optuna.Study):
    """A pruner sees a study with one direction, as pruners refuse or misread a study of several objectives.

    Args:
        study: the study.
        storage: the storage that has it.
        direction: whether the metric that trials report is to be minimized or maximized.
    """

    def __init__(self, study: optuna.Study, storage: BaseStorage, direction: Direction) -> None:
        super().__init__(study.study_name, storage, sampler=study.sampler, pruner=study.pruner)
        self._direction = direction

    @property
    def directions(self) -> list[StudyDirection]:
        """The one direction of the reported metric."""
        return [StudyDirection[self._direction.upper()]]
