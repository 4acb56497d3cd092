"""Which points a study's trials have: those enqueued, those chosen, none twice."""

from importlib.util import find_spec

import numpy as np
import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.trial import TrialState
from studies import GRID, RANDOM, SPACE, TPE, worked

from pipeline.errors import InputError
from pipeline.sweep.sampling import check_sampler, sampler_of, untried
from pipeline.sweep.space.grammar import space_of
from pipeline.sweep.space.space import key_of
from pipeline.sweep.study.queue import add_next
from pipeline.sweep.study.study import Study


@pytest.mark.parametrize(
    "sampler", [RANDOM, TPE, {"_target_": "optuna.samplers.QMCSampler"}], ids=lambda each: each["_target_"]
)
def test_a_seed_gives_the_same_points_in_the_same_order(plan, sampler) -> None:
    points = [worked(Study(plan(sampler=sampler, study=name))) for name in ("one", "two")]
    assert points[0] == points[1]
    assert len(points[0]) == 6
    assert points[0] != worked(Study(plan(sampler=sampler, study="three", seed=1)))


def test_what_does_not_learn_gives_the_same_set_of_points_whoever_trains_them(plan) -> None:
    alone = worked(Study(plan(study="alone")))
    several = [Study(plan(study="several")) for _ in range(3)]
    claimed = [study.claim() for study in several for _ in range(2)]
    assert sorted(map(str, alone)) == sorted(str(each.point) for each in claimed)


def test_known_points_are_tried_first(plan) -> None:
    known = {"model.latent_dim": 8, "objective.beta": 0.75}
    assert worked(Study(plan(enqueue=[known])))[0] == known


def test_a_grid_has_no_more_trials_than_points(plan) -> None:
    points = worked(
        Study(plan(sampler=GRID, space={"model.latent_dim": "choice(2, 4, 8)"}, n_trials=30)), lambda _: 1.0
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


def test_points_that_are_enqueued_later_are_tried_next(plan) -> None:
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
    space = {"model.latent_dim": "choice(8, 4, 2, 1)"}
    begun = worked(Study(plan(space=space, n_trials=2)), lambda _: 1.0)
    rest = worked(Study(plan(space=space, n_trials=4, sampler=GRID)), lambda _: 1.0)
    assert sorted(point["model.latent_dim"] for point in [*begun, *rest]) == [1, 2, 4, 8]


@pytest.mark.parametrize("sampler", [RANDOM, {"_target_": "optuna.samplers.QMCSampler"}])
def test_a_study_that_goes_on_has_the_points_of_one_that_was_not_stopped(plan, sampler) -> None:
    whole = worked(Study(plan(study="whole", sampler=sampler)))
    parts = [worked(Study(plan(study="parts", sampler=sampler, n_trials=number))) for number in (2, 6)]
    assert [*parts[0], *parts[1]] == whole


def test_a_grid_has_no_point_twice_where_parts_of_points_are_enqueued(plan) -> None:
    space = {"x": "choice(1, 2)", "y": "choice(3, 4)"}
    points = worked(Study(plan(space=space, sampler=GRID, enqueue=[{"x": 2}], n_trials=4)), lambda _: 1.0)
    assert points[0]["x"] == 2
    assert {(point["x"], point["y"]) for point in points} == {(1, 3), (1, 4), (2, 3), (2, 4)}


def test_what_is_chosen_in_place_of_a_known_point_is_near_it(plan) -> None:
    axes = {"abcd"[index]: "range(0, 10)" for index in range(4)}
    space = space_of(axes, OverridesParser.create())
    expected = dict.fromkeys(axes, 5)
    found = [untried(expected, {key_of(expected)}, space, seed) for seed in range(200)]
    assert all(point != expected for point in found)
    kept = np.mean([[point[key] == 5 for key in axes] for point in found])
    assert 0.45 < kept < 0.6, "half of the values, and one in ten of the others"


def test_an_enqueued_part_of_a_point_is_completed_by_the_sampler_and_known_when_the_study_goes_on(plan) -> None:
    space, part = {"x": "choice(1, 2)", "y": "choice(3, 4)"}, {"x": 2}
    points = worked(Study(plan(space=space, sampler=TPE, enqueue=[part], n_trials=3)), lambda _: 1.0)
    assert points[0]["x"] == 2
    again = plan(space=space, sampler=TPE, enqueue=[part], n_trials=3)
    assert worked(Study(again)) == [], "the part is no new point, for which no room would be left"
    points += worked(Study(plan(space=space, sampler=TPE, enqueue=[part], n_trials=9)), lambda _: 1.0)
    assert {(point["x"], point["y"]) for point in points} == {(1, 3), (1, 4), (2, 3), (2, 4)}
    assert len(points) == 4


def test_an_enqueued_part_stays_beside_a_whole_point_that_has_it_too(plan) -> None:
    space, given = {"x": "choice(1, 2)", "y": "choice(3, 4)"}, [{"x": 2}, {"x": 2, "y": 3}, {"x": 2, "y": 4}]
    points = worked(Study(plan(space=space, sampler=TPE, enqueue=given[:2], n_trials=2)), lambda _: 1.0)
    assert points == [{"x": 2, "y": 4}, {"x": 2, "y": 3}]
    points = worked(Study(plan(study="all", space=space, sampler=TPE, enqueue=given, n_trials=3)), lambda _: 1.0)
    assert points[0]["x"] == 1, "no other with x=2 was left"
    assert points[1:] == given[1:]


def test_a_trial_whose_point_is_suggested_is_added_when_it_is_claimed_and_no_more_than_there_are_to_be(plan) -> None:
    study = Study(plan(sampler=TPE, n_trials=3))
    assert study.trials == []
    assert study.counts()[TrialState.WAITING] == 3
    assert not study.is_over
    claimed = [study.claim() for _ in range(4)]
    assert [each and each.number for each in claimed] == [0, 1, 2, None]
    for each in claimed[:3]:
        study.end(each, TrialState.COMPLETE, [1.0])
    assert study.is_over
    assert len(study.optuna.trials) == 3


def test_of_several_at_once_the_longest_training_begins_first(plan) -> None:
    """Else it might begin last, and be waited for alone."""
    space = {"model.latent_dim": "choice(2, 8, 4)"}
    flop = {key_of({"model.latent_dim": each}): float(each) for each in (2, 8, 4)}
    study = Study(plan(space=space, sampler=GRID, slots=2), flop)
    assert [study.claim().point["model.latent_dim"] for _ in range(3)] == [8, 4, 2]
    alone = Study(plan(space=space, sampler=GRID, study="alone"), flop)
    assert [alone.claim().point["model.latent_dim"] for _ in range(3)] == [2, 8, 4]


def test_a_trial_that_another_machine_added_beyond_the_last_waits_for_a_command_with_more_trials(plan) -> None:
    study = Study(plan(sampler=TPE, n_trials=1))
    study.end(study.claim(), TrialState.COMPLETE, [1.0])
    beyond = add_next(study.optuna, study.storage, 2)
    assert beyond.number == 1
    assert study.claim() is None
    assert study.is_over
    more = Study(plan(sampler=TPE, n_trials=2))
    assert not more.is_over
    assert more.claim().number == 1
