"""Studies in their storage: budgets, claims, owners and the question that must not change."""

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import numpy as np
import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.trial import TrialState

from pipeline.errors import InputError
from pipeline.sweep import journal
from pipeline.sweep.grammar import space_of
from pipeline.sweep.ownership import OWNER, SILENCE
from pipeline.sweep.plan import Plan
from pipeline.sweep.sampling import check_sampler, sampler_of, unseen
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space import key_of
from pipeline.sweep.study import Study

SPACE = {"model.latent_dim": "choice(2, 4, 8)", "objective.beta": "interval(0.5, 4)"}
RANDOM = {"_target_": "optuna.samplers.RandomSampler"}
TPE = {"_target_": "optuna.samplers.TPESampler", "n_startup_trials": 2}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    monkeypatch.setattr(journal, "STUDIES", tmp_path / "studies")

    def made(space=SPACE, sampler=RANDOM, fixed=None, **changed) -> Plan:
        settings = {
            "study": "mine",
            "space": space,
            "n_trials": 6,
            "slots": 1,
            "workers": 1,
            "replicates": 1,
            "objective": ["validation/nll"],
            "direction": None,
            "prune_by": "val/elbo",
            "pruner": optuna.pruners.NopPruner(),
            "enqueue": [],
            "storage": None,
            "trial_timeout": None,
            "max_failures": None,
            "seed": 0,
        }
        return Plan(
            StudySettings(**settings | changed), sampler, space_of(space, OverridesParser.create()), [], fixed or {}
        )

    return made


def worked(study: Study, value: Callable[[dict], float] = lambda values: float(values["objective.beta"])) -> list[dict]:
    """The points of all trials that are left, each ended with a value."""
    points = []
    while claimed := study.claim():
        points.append(claimed.values)
        study.end(claimed, TrialState.COMPLETE, [value(claimed.values)])
    return points


@pytest.mark.parametrize(
    "sampler", [RANDOM, TPE, {"_target_": "optuna.samplers.QMCSampler"}], ids=lambda each: each["_target_"]
)
def test_a_seed_gives_the_same_points_in_the_same_order(plan, sampler) -> None:
    points = [worked(Study(plan(sampler=sampler, study=name))) for name in ("one", "two")]
    assert points[0] == points[1]
    assert len(points[0]) == 6
    assert points[0] != worked(Study(plan(sampler=sampler, study="three", seed=1)))


@pytest.mark.parametrize("address", [None, "sqlite:///{folder}/optuna.db"])
def test_many_at_once_train_exactly_the_trials_that_were_asked_for(plan, tmp_path: Path, address: str | None) -> None:
    asked = plan(n_trials=20, storage=address and address.format(folder=tmp_path))
    studies = [Study(asked) for _ in range(4)]
    points: list[dict] = []
    threads = [Thread(target=lambda study=study: points.extend(worked(study))) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(points) == 20
    trials = Study(asked).optuna.trials
    assert [trial.number for trial in trials] == list(range(20))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}


def test_what_does_not_learn_gives_the_same_set_of_points_whoever_trains_them(plan) -> None:
    alone = worked(Study(plan(study="alone")))
    several = [Study(plan(study="several")) for _ in range(3)]
    claimed = [study.claim() for study in several for _ in range(2)]
    assert sorted(map(str, alone)) == sorted(str(each.values) for each in claimed)


def test_the_budget_is_a_total(plan) -> None:
    assert len(worked(Study(plan()))) == 6
    assert len(worked(Study(plan()))) == 0
    assert len(worked(Study(plan(n_trials=8)))) == 2
    assert len(Study(plan(n_trials=3)).trials) == 3


def test_a_trial_is_gone_on_with_under_its_number_with_its_values(plan) -> None:
    study = Study(plan())
    claimed = study.claim()
    study.end(claimed, TrialState.WAITING)
    assert Study(plan()).claim() == claimed


def test_a_trial_whose_worker_is_gone_is_claimed_by_another_and_one_at_work_is_not(plan) -> None:
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    assert Study(plan(n_trials=1)).claim() is None, "its worker lives"
    owner = study.storage.get_trial(claimed.id).system_attrs[OWNER]
    for gone in ({"process_started": "1.0"}, {"host": "elsewhere", "at": time.time() - SILENCE - 1}):
        study.storage.set_trial_system_attr(claimed.id, OWNER, owner | gone)
        assert Study(plan(n_trials=1)).claim() == claimed
    study.storage.set_trial_system_attr(claimed.id, OWNER, owner | {"host": "elsewhere"})
    assert Study(plan(n_trials=1)).claim() is None, "it gave a sign of life"


def test_another_question_under_the_same_name_is_refused_with_the_difference(plan) -> None:
    worked(Study(plan(fixed={"training.epochs": 3})))
    changed = {**SPACE, "model.latent_dim": "choice(2, 16)"}
    with pytest.raises(InputError) as refused:
        Study(plan(space=changed, fixed={"training.epochs": 5}))
    message = str(refused.value)
    assert "sweep.study=mine: there is such a study already, and it asks another question" in message
    assert "space: model.latent_dim: choice(2, 4, 8) before, choice(2, 16) now" in message
    assert "config: training.epochs: 3 before, 5 now" in message
    assert "begin another study: sweep.study=mine_2" in message


def test_known_points_are_tried_first(plan) -> None:
    known = {"model.latent_dim": 8, "objective.beta": 0.75}
    assert worked(Study(plan(enqueue=[known])))[0] == known


def test_a_grid_has_no_more_trials_than_points(plan) -> None:
    grid = {"_target_": "pipeline.sweep.sampling.Grid"}
    points = worked(
        Study(plan(sampler=grid, space={"model.latent_dim": "choice(2, 4, 8)"}, n_trials=30)), lambda _: 1.0
    )
    assert points == [{"model.latent_dim": each} for each in (2, 4, 8)]


SAMPLERS = ["Random", "TPE", "QMC", "CmaEs", "NSGAII", "NSGAIII"]


@pytest.mark.parametrize("name", SAMPLERS)
def test_no_point_is_trained_twice_and_all_are_trained_once_the_budget_allows(plan, name: str) -> None:
    space = {
        "model": "choice(dense, conv)",
        "model.latent_dim": "range(1, 4)",
        "model=conv": {"model.filters": "choice([8], [16])"},
        "training.batch_size": "choice(64)",
    }
    sampler = {"_target_": f"optuna.samplers.{name}Sampler"}
    points = worked(Study(plan(sampler=sampler, space=space, n_trials=30)), lambda values: values["model.latent_dim"])
    assert len(points) == 3 + 3 * 2
    assert len({key_of(point) for point in points}) == len(points)
    fewer = worked(Study(plan(study="fewer", sampler=sampler, space=space, n_trials=7)), lambda _: 1.0)
    assert len({key_of(point) for point in fewer}) == 7


def test_a_sampler_that_cannot_search_such_a_space_is_refused_in_its_own_words() -> None:
    space = space_of(SPACE, OverridesParser.create())
    with pytest.raises(InputError, match=r"sweep.sampler: .*multi-objective.* Choose another: sweep/sampler=tpe"):
        check_sampler(optuna.samplers.CmaEsSampler(), space, ["minimize", "minimize"])


def test_a_sampler_that_needs_what_is_not_installed_says_so() -> None:
    gp = {"_target_": "optuna.samplers.GPSampler"}
    if find_spec("torch"):
        assert isinstance(sampler_of(gp, 0), optuna.samplers.GPSampler)
    else:
        with pytest.raises(InputError, match=r"sweep/sampler=gp: needs PyTorch, .*pip install torch; or choose tpe"):
            sampler_of(gp, 0)


def test_a_known_point_is_not_chosen_again(plan) -> None:
    known = {"model.latent_dim": 8}
    points = worked(
        Study(plan(space={"model.latent_dim": "choice(2, 4, 8)"}, enqueue=[known, known], n_trials=9)), lambda _: 1.0
    )
    assert points[0] == known
    assert sorted(point["model.latent_dim"] for point in points) == [2, 4, 8]


def test_points_that_are_given_later_are_tried_next(plan) -> None:
    known = {"model.latent_dim": 8, "objective.beta": 0.75}
    worked(Study(plan(n_trials=2)))
    assert worked(Study(plan(n_trials=3, enqueue=[known]))) == [known]
    assert worked(Study(plan(n_trials=3, enqueue=[known]))) == []


def test_points_for_which_there_is_no_room_are_refused_with_the_cure(plan) -> None:
    worked(Study(plan(n_trials=2)))
    given = [{"model.latent_dim": 8, "objective.beta": beta} for beta in (0.75, 1.5)]
    with pytest.raises(InputError, match=r"sweep.enqueue: 2 points are new, and of sweep.n_trials=3 trials 1 are left"):
        Study(plan(n_trials=3, enqueue=given))
    assert len(Study(plan(n_trials=3)).trials) == 3


def test_another_sampler_goes_on_with_the_points_that_are_left(plan) -> None:
    space, grid = {"model.latent_dim": "choice(8, 4, 2, 1)"}, {"_target_": "pipeline.sweep.sampling.Grid"}
    begun = worked(Study(plan(space=space, n_trials=2)), lambda _: 1.0)
    rest = worked(Study(plan(space=space, n_trials=4, sampler=grid)), lambda _: 1.0)
    assert sorted(point["model.latent_dim"] for point in [*begun, *rest]) == [1, 2, 4, 8]


@pytest.mark.parametrize("sampler", [RANDOM, {"_target_": "optuna.samplers.QMCSampler"}])
def test_a_study_that_goes_on_has_the_points_of_one_that_was_not_stopped(plan, sampler) -> None:
    whole = worked(Study(plan(study="whole", sampler=sampler)))
    parts = [worked(Study(plan(study="parts", sampler=sampler, n_trials=number))) for number in (2, 6)]
    assert [*parts[0], *parts[1]] == whole


def test_of_a_grid_the_points_that_were_given_in_part_are_no_others(plan) -> None:
    space, grid = {"x": "choice(1, 2)", "y": "choice(3, 4)"}, {"_target_": "pipeline.sweep.sampling.Grid"}
    points = worked(Study(plan(space=space, sampler=grid, enqueue=[{"x": 2}], n_trials=4)), lambda _: 1.0)
    assert points[0]["x"] == 2
    assert {(point["x"], point["y"]) for point in points} == {(1, 3), (1, 4), (2, 3), (2, 4)}


def test_what_is_chosen_in_place_of_a_known_point_is_near_it(plan) -> None:
    axes = {"abcd"[index]: "range(0, 10)" for index in range(4)}
    space = space_of(axes, OverridesParser.create())
    wanted = dict.fromkeys(axes, 5)
    found = [unseen(wanted, {key_of(wanted)}, space, seed) for seed in range(200)]
    assert all(point != wanted for point in found)
    kept = np.mean([[point[key] == 5 for key in axes] for point in found])
    assert 0.45 < kept < 0.6, "half of the values, and one in ten of the others"


def test_of_several_objectives_the_front_comes_first_and_then_what_the_trials_are_pruned_by(plan) -> None:
    study = Study(plan(objective=["validation/rate", "validation/distortion"], n_trials=4))
    for (rate, distortion), elbo in (
        ((0.0, 200.0), -200.0),  # collapsed: no rate at all is on the front, and of no use
        ((30.0, 100.0), -130.0),
        ((20.0, 100.0), -120.0),
        ((10.0, 120.0), -130.0),
    ):
        claimed = study.claim()
        study.note(claimed, {"val/elbo": elbo})
        study.end(claimed, TrialState.COMPLETE, [rate, distortion])
    assert [trial.number for trial in study.ranking()] == [2, 3, 0, 1]


def test_too_many_failures_end_a_study(plan) -> None:
    study = Study(plan(max_failures=1))
    for _ in range(2):
        assert not study.hopeless
        study.end(study.claim(), TrialState.FAIL, reason="because")
    assert study.hopeless
    assert study.over
    assert study.claim() is None
    assert study.last_failure() == "trial 1: because"


@pytest.mark.parametrize("objective", [["validation/nll"], ["validation/rate", "validation/distortion"]])
def test_a_pruner_judges_by_the_metric_of_each_epoch_also_with_two_objectives(plan, objective) -> None:
    pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=0)
    study = Study(plan(objective=objective, pruner=pruner))
    for elbo in (-100.0, -110.0):
        claimed = study.claim()
        assert not study.report(claimed, 1, {"val/elbo": elbo})
        study.end(claimed, TrialState.COMPLETE, [1.0] * len(objective))
    assert study.report(study.claim(), 1, {"val/elbo": -120.0})
    assert not study.report(study.claim(), 1, {"val/elbo": -90.0})


def test_a_journal_that_was_cut_off_is_mended(plan) -> None:
    study = Study(plan())
    claimed = study.claim()
    path = journal.STUDIES / "mine.journal"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 6, "worker_id": "')
    study.end(claimed, TrialState.COMPLETE, [1.0])
    assert Study(plan()).of_state(TrialState.COMPLETE)[0].number == claimed.number


def test_a_wrong_storage_is_refused(plan) -> None:
    with pytest.raises(
        InputError, match=r"sweep.storage=nonsense://x: .* Wanted an address of Optuna's, such as sqlite:"
    ):
        Study(plan(storage="nonsense://x"))


def test_what_is_wanted_of_a_metric_is_known_and_may_be_said(plan) -> None:
    names = ["validation/nll", "validation/elbo", "validation/knn_accuracy"]
    assert plan(objective=names).settings.directions == ["minimize", "maximize", "maximize"]
    assert plan(objective=names[:1], direction=["maximize"]).settings.directions == ["maximize"]
    with pytest.raises(
        InputError, match=r"sweep.direction=\[maximize\]: wanted one for each of validation/nll, validat"
    ):
        plan(objective=names, direction=["maximize"])
