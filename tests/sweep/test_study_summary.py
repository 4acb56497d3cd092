"""What a command says of its study when it ends."""

import pytest
from optuna.trial import TrialState

from pipeline.sweep.study.study import Study
from pipeline.sweep.study_summary import study_summary


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([3.0, 2.0, 2.0], "The best, the first of 2 equal ones: trial 1, validation/nll 2: "),
        ([3.0, 2.0, 2.5], "The best: trial 1, validation/nll 2: "),
    ],
)
def test_the_best_is_said_to_be_the_first_where_others_are_as_good(plan, values: list[float], said: str) -> None:
    study = Study(plan(n_trials=3))
    for value in values:
        study.end(study.claim(), TrialState.COMPLETE, [value])
    counts, best = study_summary(None, study, None, ()).splitlines()  # type: ignore[arg-type]
    assert counts == "3 done"
    assert best.startswith(said)
