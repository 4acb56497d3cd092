"""`python -m pipeline.evaluate`: a finished run evaluated once more."""

import json
import re
import subprocess

import pytest
from checkout import SMALL, Checkout

from pipeline.evaluation.scores import CATALOGUE
from pipeline.tracking.run_facts import beginning


@pytest.fixture(scope="module")
def run_id(checkout: Checkout) -> str:
    done = checkout.train(*SMALL, "tracking.experiment=evaluated")
    assert done.returncode == 0, done.stderr
    return str(checkout.runs("evaluated")[0].info.run_id)


def evaluated(checkout: Checkout, *overrides: str) -> subprocess.CompletedProcess[str]:
    return checkout.run("pipeline.evaluate", *overrides)


def test_evaluating_again_gives_equal_numbers_and_leaves_the_record_as_it_was(checkout: Checkout, run_id: str) -> None:
    before = checkout.client.get_run(run_id)
    for number in (1, 2):
        done = evaluated(checkout, f"run={run_id}")
        assert done.returncode == 0, done.stderr
        rows = [line for line in done.stdout.splitlines() if line.strip().startswith("test/")]
        assert len(rows) >= 10
        assert all(row.rstrip().endswith("the same") for row in rows), done.stdout
        facts = json.loads((checkout.artifacts(run_id) / "evaluations" / f"{number}.json").read_text())
        assert facts["test/nll"] == before.data.metrics["test/nll"]
    after = checkout.client.get_run(run_id)
    assert after.data.metrics == before.data.metrics
    assert after.info.status == "FINISHED"
    assert len(checkout.history(run_id, "test/nll")) == 1


def test_scores_of_images_are_added_to_a_run_that_has_none(checkout: Checkout, run_id: str) -> None:
    file = checkout.artifacts(run_id) / "test_scores.parquet"
    content = file.read_bytes()
    assert (
        "The scores of each image (test_scores.parquet) are in the record"
        in evaluated(checkout, f"run={run_id}").stdout
    )
    file.unlink()
    told = evaluated(checkout, f"run={run_id}", "evaluation.nll_images=null").stdout
    assert "are kept only by the settings that the run was trained with: evaluation.nll_images=200" in told
    assert not file.exists()
    assert "(test_scores.parquet) are added" in evaluated(checkout, f"run={run_id}").stdout
    assert file.read_bytes() == content
    assert checkout.client.get_run(run_id).info.status == "FINISHED"


def test_other_settings_add_numbers_that_say_so(checkout: Checkout, run_id: str) -> None:
    before = checkout.client.get_run(run_id).data.metrics
    done = evaluated(checkout, f"run={run_id}", "evaluation.importance_samples=500", "evaluation.nll_images=null")
    assert done.returncode == 0, done.stderr
    after = checkout.client.get_run(run_id).data.metrics
    prefix = "test importance_samples:500 nll_images:null"
    assert {name: after[name] for name in before} == before
    assert after[f"{prefix}/nll"] < before["test/nll"] + 3 * before["test/nll_standard_error"]
    assert after[f"{prefix}/elbo"] == before["test/elbo"]


def test_scores_that_a_record_leaves_out_are_added_under_their_plain_names(checkout: Checkout, run_id: str) -> None:
    before = checkout.client.get_run(run_id).data
    assert not {"test/kid", "test/nll_ais"} & before.metrics.keys()
    done = evaluated(checkout, f"run={run_id}", "evaluation.samples=50", "evaluation.annealing_steps=3")
    assert done.returncode == 0, done.stderr
    after = checkout.client.get_run(run_id).data
    new = after.metrics.keys() - before.metrics.keys()
    added = {f"test/{name}" for name, score in CATALOGUE.items() if score.needs in {"samples", "annealing_steps"}}
    assert new == added
    assert len(after.tags["feature_network"]) == 12
    assert after.tags["evaluation.samples"] == "50"
    again = evaluated(checkout, f"run={run_id}", "evaluation.samples=50", "evaluation.annealing_steps=3")
    assert again.stdout.count("the same") == len([line for line in again.stdout.splitlines() if "test/" in line])


def test_what_was_added_is_known_by_its_settings_and_its_network(checkout: Checkout, run_id: str) -> None:
    evaluated(checkout, f"run={run_id}", "evaluation.samples=50")
    done = evaluated(checkout, f"run={run_id}", "evaluation.samples=40")
    assert "test samples:40/kid" in done.stdout, done.stderr
    before = checkout.client.get_run(run_id).data
    assert before.metrics["test samples:40/kid"] != before.metrics["test/kid"]
    checkout.client.set_tag(run_id, "feature_network", "another")
    done = evaluated(checkout, f"run={run_id}", "evaluation.samples=50")
    after = checkout.client.get_run(run_id).data
    checkout.client.set_tag(run_id, "feature_network", before.tags["feature_network"])
    name = f"test feature_network:{before.tags['feature_network']}/kid"
    assert name in after.metrics, done.stderr
    assert after.metrics["test/kid"] == before.metrics["test/kid"]


def test_a_training_records_what_its_option_asks_for(checkout: Checkout) -> None:
    done = checkout.train(*SMALL, "evaluation=samples", "tracking.experiment=sampled")
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs("sampled")
    assert re.search(
        r"Active latent dimensions: \d;.*KID in features of this data set\), \d+ samples: -?\d", done.stdout
    )
    assert {"test/kid", "test/sample_coverage", "test/linear_probe_accuracy"} <= run.data.metrics.keys()
    assert len(run.data.tags["feature_network"]) == 12
    made = {key: value for key, value in run.data.tags.items() if key.startswith("evaluation.")}
    needed = {"importance_samples": "50", "neighbours": "10", "linear_probe": "5000", "samples": "10000"}
    assert made == {f"evaluation.{key}": value for key, value in needed.items()}, "of the scores that it has"
    for key in made:  # as an earlier version left it
        checkout.client.delete_tag(run.info.run_id, key)
    evaluated(checkout, f"run={run.info.run_id}", "evaluation=samples", "evaluation.samples=50")
    assert not made.keys() & checkout.client.get_run(run.info.run_id).data.tags.keys(), "of scores of another name"
    done = evaluated(checkout, f"run={run.info.run_id}", "evaluation=samples")
    assert "the same" in done.stdout
    assert "Scores of samples are of 300 samples\n" in done.stdout, "as many as the split has images"
    assert "added" not in done.stdout
    assert checkout.client.get_run(run.info.run_id).data.tags.items() >= made.items()


def test_scores_that_a_model_or_its_data_cannot_have_are_told(checkout: Checkout) -> None:
    trained = checkout.train(*SMALL, "objective=rae_l2", "tracking.experiment=without_noise")
    assert trained.returncode == 0, trained.stderr
    [run] = checkout.runs("without_noise")
    more = ("evaluation=annealing", "evaluation.factor_samples=99")
    done = evaluated(checkout, f"run={run.info.run_id}", *more)
    assert done.returncode == 0, done.stderr
    assert "evaluation.annealing_steps=300 gives this run no score: the latents of an autoencoder have" in done.stdout
    assert "evaluation.factor_samples=99 gives this run no score: its images have no known factors" in done.stdout
    assert done.stdout.count("no score") == 2, "what the run was trained with as well asks for nothing new"


def test_the_validation_split_has_its_own_name(checkout: Checkout, run_id: str) -> None:
    done = evaluated(checkout, f"run={beginning(run_id)}", "evaluation.split=validation")
    assert done.returncode == 0, done.stderr
    assert "validation/nll" in checkout.client.get_run(run_id).data.metrics
    assert (checkout.artifacts(run_id) / "validation_scores.parquet").exists()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], "run: Missing mandatory value: run. Give it a value: run=…"),
        (["run=nothing"], "run nothing is not in sqlite"),
        (["run=nothing", "evaluation.split=train"], "evaluation.split=train: expected 'validation' or 'test'"),
        (
            ["run=nothing", "evaluation.importance_samples=0"],
            "evaluation.importance_samples=0: expected a number greater",
        ),
        (["run=nothing", "evaluation.sample=5"], "evaluation.sample: no such key"),
    ],
)
def test_mistakes_are_named_with_the_cure(checkout: Checkout, overrides: list[str], words: str) -> None:
    done = evaluated(checkout, *overrides)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_runs_that_cannot_be_read_are_refused_with_the_reason(checkout: Checkout, run_id: str) -> None:
    failed = checkout.train(*SMALL, "training.learning_rate=1e30", "tracking.experiment=unreadable")
    assert failed.returncode == 2
    [run] = checkout.runs("unreadable")
    done = evaluated(checkout, f"run={run.info.run_id}")
    assert f"run {run.info.run_id} is FAILED; expected one that is finished" in done.stderr
    other = checkout.client.create_run(run.info.experiment_id)
    checkout.client.set_terminated(other.info.run_id)
    done = evaluated(checkout, f"run={other.info.run_id}")
    assert "has no config.yaml" in done.stderr
    assert "Was it made by pipeline.train, and are its files still there?" in done.stderr


def test_a_parent_is_refused_with_the_names_of_its_children(checkout: Checkout) -> None:
    done = checkout.train("-m", "training.seed=0,1", *SMALL, "tracking.experiment=pair")
    assert done.returncode == 0, done.stderr
    *children, parent = checkout.runs("pair")
    done = evaluated(checkout, f"run={parent.info.run_id}")
    assert done.returncode == 2
    assert "holds several trainings. Name one of: " in done.stderr
    for child in children:
        assert f"{child.info.run_name} ({child.info.run_id})" in done.stderr


def test_a_run_without_its_model_or_its_data_is_refused(checkout: Checkout, run_id: str) -> None:
    config = checkout.artifacts(run_id) / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("limit: 300", "limit: 299"))
    done = evaluated(checkout, f"run={run_id}")
    config.write_text(text)
    assert "the data are no longer those that the run was trained on" in done.stderr
    weights = list((checkout.root / "mlruns" / "artifacts" / "models").rglob("model.keras"))
    for file in weights:
        file.rename(file.with_suffix(".gone"))
    done = evaluated(checkout, f"run={run_id}")
    assert "has no model that can be read" in done.stderr
    assert done.returncode == 2
