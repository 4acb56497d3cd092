"""What pruners are shown of a study."""

import optuna

from pipeline.sweep.settings import StudySettings


class OneDirection(optuna.Study):
    """A study as a pruner sees it: by the one metric of each epoch, whatever the objectives are."""

    def __init__(self, study: optuna.Study, settings: StudySettings) -> None:
        super().__init__(study.study_name, study._storage, sampler=study.sampler, pruner=settings.pruner)
        self._wanted = settings.directions[0]

    @property
    def directions(self) -> list[optuna.study.StudyDirection]:
        return [optuna.study.StudyDirection[self._wanted.upper()]]
