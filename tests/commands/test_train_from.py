"""`python -m pipeline.train from=<run>` and `init=<run>`: a training that starts where another one stands."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
import yaml
from checkout import SMALL, Checkout
from earlier_records import make_earlier
from mlflow.entities import Run

from pipeline.tracking.run_facts import beginning

pytestmark = pytest.mark.slow

PARTS = ("dataset", "model", "likelihood", "objective", "training", "evaluation", "pictures")
STARTS = {
    "dense": (*SMALL, "model.activation=tanh", "objective.beta=1e-05"),
    "other_groups": (
        *("dataset.limit=200", "model=conv", "model.filters=[4,8]", "likelihood=gaussian", "training=fast"),
        *("training.epochs=1", "training/optimizer=adamw", "pictures=cards", "+training.optimizer.clipnorm=1.5"),
    ),
}


def config_of(checkout: Checkout, run: Run) -> dict:
    return yaml.safe_load((checkout.artifacts(run.info.run_id) / "config.yaml").read_text())


def trained(checkout: Checkout, start: str) -> Run:
    """The run of a start, which is trained once; runs that start from it join its experiment later."""
    if not checkout.client.get_experiment_by_name(f"first_{start}"):
        done = checkout.train(*STARTS[start], f"tracking.experiment=first_{start}")
        assert done.returncode == 0, done.stderr
    return checkout.runs(f"first_{start}")[-1]


@pytest.fixture(scope="module")
def first(checkout: Checkout) -> Run:
    return trained(checkout, "other_groups")


@contextmanager
def as_before(checkout: Checkout, run: Run) -> Iterator[None]:
    """The record of a run as an earlier version made it."""
    record = checkout.artifacts(run.info.run_id) / "config.yaml"
    today = record.read_text()
    config = yaml.safe_load(today)
    make_earlier(config)
    record.write_text(yaml.safe_dump(config, sort_keys=False))
    yield
    record.write_text(today)


@pytest.mark.parametrize("old", [False, True], ids=["recorded now", "recorded without choices"])
@pytest.mark.parametrize("start", STARTS)
def test_what_is_not_changed_is_as_it_was(checkout: Checkout, start: str, old: bool) -> None:
    first = trained(checkout, start)
    before = config_of(checkout, first)
    with as_before(checkout, first) if old else nullcontext():
        done = checkout.train(f"from={first.info.run_id}", "objective.beta=4")
    assert done.returncode == 0, done.stderr
    second = next(run for run in checkout.runs(config_of(checkout, first)["tracking"]["experiment"]))
    assert second.data.tags["from"] == first.info.run_id
    after = config_of(checkout, second)
    assert after["objective"].pop("beta") == 4
    before["objective"].pop("beta")
    if old:
        before["evaluation"]["linear_probe"] = None  # as it was before there was one
    assert {part: after[part] for part in PARTS} == {part: before[part] for part in PARTS}


def test_equal_configs_give_equal_numbers(checkout: Checkout, first: Run) -> None:
    done = checkout.train(f"from={first.info.run_id}", "tracking.experiment=equal")
    assert done.returncode == 0, done.stderr
    second = checkout.runs("equal")[0]
    histories = [checkout.history(run.info.run_id, "validation/epoch/loss") for run in (first, second)]
    assert histories[0] == histories[1]


def test_a_group_that_is_chosen_beside_it_is_new_as_a_whole(checkout: Checkout, first: Run) -> None:
    done = checkout.train(f"from={first.info.run_id}", "likelihood=squared_error", "tracking.experiment=group")
    assert done.returncode == 0, done.stderr
    before, after = config_of(checkout, first), config_of(checkout, checkout.runs("group")[0])
    assert after["likelihood"]["_target_"].endswith("SquaredError")
    assert after["model"] == before["model"]


def test_a_sweep_searches_around_a_run(checkout: Checkout, first: Run) -> None:
    name = f"around_{first.info.experiment_id}"
    sweep = ("sweep=latent_filters", "model=conv", "sweep.n_trials=2", "sweep/sampler=random", f"sweep.study={name}")
    done = checkout.train(
        "-m", f"from={first.info.run_id}", *sweep, f"tracking.experiment={name}", "evaluation=default"
    )
    assert done.returncode == 0, done.stderr
    trials = checkout.runs(name, "tags.trial != ''")
    assert len({run.data.params["model.latent_dim"] + run.data.params["model.filters"] for run in trials}) == 2
    expected = config_of(checkout, first)["training"]
    assert [config_of(checkout, run)["training"] for run in trials] == [expected, expected]


def test_a_study_of_ones_own_starts_from_a_run(checkout: Checkout, first: Run) -> None:
    study = ("sweep=study", "sweep.study=own", "sweep.n_trials=1", "objective.beta=0.5,2", "evaluation=default")
    done = checkout.train("-m", f"from={first.info.run_id}", *study, "tracking.experiment=own_study")
    assert done.returncode == 0, done.stderr
    [trial] = checkout.runs("own_study", "tags.trial != ''")
    assert config_of(checkout, trial)["model"] == config_of(checkout, first)["model"]
    assert config_of(checkout, trial)["choices"]["training"] == "fast"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["from=nothing"], "run nothing is not in sqlite"),
        (["from=nothing", "resume=x"], "resume=x: from=nothing already says what to start with. Leave one of the two"),
        (["from=nothing", "experiment=letters"], "experiment=letters: from=nothing already says what to start with"),
        (["tracking.parent=nothing", *SMALL], "tracking.parent=nothing: run nothing is not in sqlite"),
        (["init=nothing", *SMALL], "init=nothing: run nothing is not in sqlite"),
        (["-m", "init=nothing", "training.seed=0,1", *SMALL], "\ninit=nothing: run nothing is not in sqlite"),
        (
            ["-m", "init=nothing", "sweep=study", "sweep.study=begun", "model.latent_dim=2,3", *SMALL],
            "\ninit=nothing: run nothing is not in sqlite",
        ),
    ],
)
def test_mistakes_are_named_with_the_cure(checkout: Checkout, overrides: list[str], words: str) -> None:
    done = checkout.train(*overrides)
    assert done.returncode == 2
    assert words in f"\n{done.stderr}"
    assert "Traceback" not in done.stderr


def test_weights_that_do_not_fit_are_named(checkout: Checkout, first: Run) -> None:
    done = checkout.train(f"from={first.info.run_id}", f"init={first.info.run_id}", "model.latent_dim=5")
    assert done.returncode == 2
    assert f"init={first.info.run_id}: the weights of this run do not fit the model: it has " in done.stderr


def test_whoever_is_champion_later_the_record_says_whose_weights_they_were(checkout: Checkout, first: Run) -> None:
    checkout.client.create_registered_model("study")
    version = checkout.client.create_model_version("study", first.info.artifact_uri, run_id=first.info.run_id)
    checkout.client.set_registered_model_alias("study", "champion", version.version)
    for init, name in {"study@champion": "champion", beginning(first.info.run_id): "beginning"}.items():
        done = checkout.train(f"from={first.info.run_id}", f"init={init}", f"tracking.experiment={name}")
        assert done.returncode == 0, done.stderr
        assert config_of(checkout, checkout.runs(name)[0])["init"] == first.info.run_id
