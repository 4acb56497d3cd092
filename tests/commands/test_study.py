"""`python -m pipeline.study` shows the state of a study, once or until its end, from whoever reaches its storage."""

import os
import re
from io import StringIO
from threading import Timer

import pytest
from checkout import Checkout
from optuna.trial import TrialState
from rich.console import Console
from studies import worked

from pipeline.errors import InputError
from pipeline.sweep.study.study import Study
from pipeline.sweep.study_status import show_study


def shown(name: str | None = None, *, wait: bool = False) -> str:
    """What the command prints for a study in a journal."""
    console = Console(file=StringIO(), width=200)
    show_study({"name": name, "storage": None, "wait": wait}, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_status_has_the_states_the_best_and_who_trains_the_others(plan) -> None:
    study = Study(plan())
    for value in (3.0, 2.0):
        study.end(study.claim(), TrialState.COMPLETE, [value])
    study.end(study.claim(), TrialState.FAIL, reason="because")
    training = study.claim()
    study.report(training, 4, {"validation/epoch/elbo": -12.5})
    text = shown()
    assert "Study mine: 2 done, 1 failed, 1 training, 2 waiting, of 6" in text
    assert "The best: trial   1 done" in text
    assert "validation/nll 2" in text
    assert "The last failure: trial 2: because" in text
    [row] = [line for line in text.splitlines() if line.lstrip().startswith("3 ")]
    assert row.split()[-4:] == ["4", "-12.5", os.uname().nodename, str(os.getpid())]


def test_several_objectives_have_a_front(plan) -> None:
    study = Study(plan(objective=["validation/nll", "validation/rate"]))
    for values in ([3.0, 1.0], [2.0, 2.0], [4.0, 4.0]):
        study.end(study.claim(), TrialState.COMPLETE, values)
    front = shown().partition("The Pareto front, 2 trials:\n")[2].splitlines()[:2]
    assert [line.split()[:3] for line in front] == [["trial", "0", "done"], ["trial", "1", "done"]]
    assert front[1].endswith("validation/nll 2, validation/rate 2")


def test_waiting_ends_with_the_study_and_tells_of_each_trial(plan) -> None:
    study = Study(plan())
    working = Timer(1, worked, (study,))  # once it is waited for
    working.start()
    text = shown("mine", wait=True)
    working.join()
    told = re.findall(r"(?m)^trial +(\d) done ", text)
    assert told == [str(number) for number in range(6)]
    assert "Study mine: 6 done, of 6" in text


def test_trials_beyond_those_of_the_study_are_not_waited_for(plan) -> None:
    study = Study(plan(n_trials=1))
    worked(study)
    study.optuna.enqueue_trial({})
    assert "Study mine: 1 done, of 1" in shown("mine", wait=True)


def test_a_study_that_is_not_there_is_refused_with_those_that_are(plan, checkout: Checkout) -> None:
    Study(plan())
    with pytest.raises(InputError) as refused:
        shown("mime")
    assert "name=mime: there is no such study in " in str(refused.value)
    assert "; expected one of: mine. A study in a database needs its address: storage=postgresql://…" in str(
        refused.value
    )
    done = checkout.run("pipeline.study")
    assert done.returncode == 2
    assert (
        "has no study yet. A study in a database needs its address: storage=postgresql://…. Begin one:" in done.stderr
    )
    database = checkout.root / "mistyped.db"
    for _ in range(2):  # of no file, and of a file without studies, which stays as it is
        done = checkout.run("pipeline.study", "name=mine", f"storage=sqlite:///{database}")
        assert done.returncode == 2
        assert f"name=mine: there is no such study in storage=sqlite:///{database}; it has no study yet" in done.stderr
        assert "One that began just now is there once its first command has checked the search space" in done.stderr
        assert not database.exists() or not database.stat().st_size
        database.touch()
    done = checkout.run("pipeline.study", "wait=perhaps")
    assert done.returncode == 2
    assert "wait=perhaps: expected a valid boolean" in done.stderr
