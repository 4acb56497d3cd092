"""A conditional model through the real commands: trained, recorded, evaluated, compared, generated with, served."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from checkout import SMALL, WITH_PICTURES, Checkout
from mlflow.exceptions import MlflowException
from PIL import Image

pytestmark = pytest.mark.slow

EXPERIMENT = "tracking.experiment=conditional"
FEW = ("pictures=few", "pictures.final=[classes,samples,grid]")


@pytest.fixture(scope="module")
def run(checkout: Checkout) -> Any:
    done = checkout.train(*WITH_PICTURES, *FEW, "model.conditional=true", EXPERIMENT, "tracking.name=told")
    assert done.returncode == 0, done.stderr
    assert "On the test split, per image given its class: ELBO" in done.stdout
    return checkout.runs("conditional")[0]


@pytest.fixture(scope="module")
def plain(checkout: Checkout, run: Any) -> Any:
    """A run like it that is not conditional."""
    done = checkout.train(*WITH_PICTURES, "pictures=few", "pictures.final=[]", EXPERIMENT, "tracking.name=untold")
    assert done.returncode == 0, done.stderr
    return next(each for each in checkout.runs("conditional") if each.info.run_name == "untold")


def made(checkout: Checkout, run: Any, out: Path, *overrides: str) -> dict[str, np.ndarray]:
    done = checkout.run("pipeline.generate", f"run={run.info.run_id}", f"out={out}", *overrides)
    assert done.returncode == 0, done.stderr
    for path in out.glob("*.png"):
        assert np.asarray(Image.open(path)).std() > 0
    [arrays] = out.glob("*.npz")
    return dict(np.load(arrays))


def refused(checkout: Checkout, run: Any, *overrides: str) -> str:
    done = checkout.run("pipeline.generate", f"run={run.info.run_id}", *overrides)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return str(done.stderr)


def test_the_record_says_that_the_likelihood_is_given_the_class(checkout: Checkout, run: Any) -> None:
    assert run.data.params["model.conditional"] == "true"
    note = run.data.tags["mlflow.note.content"]
    assert "| −log p(image &#124; class), upper bound, nats |" in note
    assert "| ELBO, nats per image given its class |" in note
    assert "test/nll" in run.data.metrics
    assert "test/knn_accuracy" not in run.data.metrics, "the encoder is told the class"
    pictures = {each.path for each in checkout.client.list_artifacts(run.info.run_id)}
    assert {"classes.png", "samples.png", "grid.png"} <= pictures


def test_what_is_generated_is_of_the_classes_that_are_asked_for(checkout: Checkout, run: Any, tmp_path: Path) -> None:
    samples = made(checkout, run, tmp_path / "samples", "what.n=3")
    assert samples["images"].shape == (10, 3, 8, 8, 1)
    assert samples["classes"].tolist() == [str(digit) for digit in range(10)]
    np.testing.assert_array_equal(samples["latents"][0], samples["latents"][9])
    seven = made(checkout, run, tmp_path / "seven", "what.n=3", "what.classes=7")
    np.testing.assert_array_equal(seven["images"][0], samples["images"][7])
    mixture = made(checkout, run, tmp_path / "mixture", "what.n=2", "what.density=mixture", "what.classes=[3,7]")
    assert mixture["images"].shape == (2, 2, 8, 8, 1)
    plane = made(checkout, run, tmp_path / "plane", "what=plane", "what.settings.count=3", "what.classes=[1,2]")
    assert plane["images"].shape == (2, 3, 3, 8, 8, 1)
    points = made(checkout, run, tmp_path / "points", "point=[0,1]")
    assert points["images"].shape == (10, 1, 8, 8, 1)
    swap = made(checkout, run, tmp_path / "swap", "what=classes", "what.images=[0,4]")
    assert swap["images"].shape == (2, 10, 8, 8, 1)
    lines = made(checkout, run, tmp_path / "lines", "what=traversals", "what.classes=[0,8]", "what.dimensions=2")
    assert lines["images"].shape == (2, 1, 15, 8, 8, 1)
    way = made(checkout, run, tmp_path / "way", "what=interpolations", "what.pairs=[[0,1]]", "what.steps=4")
    assert way["images"].shape == (1, 4, 8, 8, 1)


def test_own_images_are_of_the_class_that_is_named_or_that_their_folder_has(
    checkout: Checkout, run: Any, tmp_path: Path
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8), np.uint8)
    for digit, pixels in zip(("3", "5"), images, strict=True):
        (tmp_path / "own" / digit).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "own" / digit / "it.png")
    asked = ("what=encodings", f"what.folder={tmp_path / 'own'}")
    by_folder = made(checkout, run, tmp_path / "by_folder", *asked)
    table = pd.read_csv(tmp_path / "by_folder" / "encodings.csv", dtype={"class": str})
    assert table[["file", "class"]].to_numpy().tolist() == [["3/it.png", "3"], ["5/it.png", "5"]]
    as_five = made(checkout, run, tmp_path / "as_five", *asked, "what.classes=5")
    assert not np.allclose(as_five["latents"][0], by_folder["latents"][0])
    np.testing.assert_allclose(as_five["latents"][1], by_folder["latents"][1], rtol=1e-5)
    both = f"what.files=[{tmp_path}/own/3/it.png,{tmp_path}/own/5/it.png]"
    made(checkout, run, tmp_path / "way", "what=interpolations", both, "what.classes=[3,5]")
    assert "what.classes=null: run" in (said := refused(checkout, run, "what=interpolations", both))
    assert "expected one class for all 2 files, or one each, for example what.classes=[0]" in said
    shutil.move(tmp_path / "own" / "5", tmp_path / "own" / "five")
    assert "the class of five/it.png is not known, which a conditional model must be told." in refused(
        checkout, run, *asked
    )


def test_classes_that_there_are_not_are_refused(checkout: Checkout, run: Any, plain: Any) -> None:
    assert "what.classes: there is no class 12; expected one of: 0, 1, 2, 3" in refused(
        checkout, run, "what.classes=12"
    )
    said = refused(checkout, plain, "what.classes=7")
    assert f"what.classes=[7]: run {plain.info.run_id} is not conditional and cannot be told a class." in said
    assert "is not conditional, and decodes a latent in one way" in refused(checkout, plain, "what=classes")
    assert "there is no test image 900" in refused(checkout, run, "what=classes", "what.images=[900]")
    asked = ("what=interpolations", "what.classes=[3]")
    for of_test_images in (asked, ("what=scores", "what.classes=3")):
        assert "what.classes: test images have classes of their own" in refused(checkout, run, *of_test_images)


def test_it_is_not_ranked_with_others(checkout: Checkout, run: Any, plain: Any, tmp_path: Path) -> None:
    both = f"runs=[{run.info.run_id},{plain.info.run_id}]"
    done = checkout.run("pipeline.compare", both, f"out={tmp_path / 'both'}")
    assert done.returncode == 0, done.stderr
    why = "the runs differ in whether they are told the class of an image, as p(image | class) is not p(image)"
    said = "test/elbo, test/nll, test/distortion, test/knn_accuracy cannot be compared: " + why
    assert said in " ".join(done.stdout.split())
    page = (tmp_path / "both" / "comparison.html").read_text("utf-8")
    assert said in page
    alone = checkout.run("pipeline.compare", f"runs=[{run.info.run_id}]", f"out={tmp_path / 'alone'}")
    assert "All are conditional: ELBO, NLL and distortion are of p(image | class)." in alone.stdout


def test_a_family_of_such_models_says_what_its_likelihood_is(checkout: Checkout) -> None:
    several = ("-m", "training.seed=1,2", "tracking.experiment=told_family")
    done = checkout.train(*several, *SMALL, "model.conditional=true")
    assert done.returncode == 0, done.stderr
    parent = checkout.runs("told_family")[-1]
    assert (
        "All runs are conditional: ELBO, NLL and distortion are of p(image | class)."
        in (parent.data.tags["mlflow.note.content"])
    )
    assert (checkout.artifacts(parent.info.run_id) / "side_by_side.png").exists()


def test_it_is_evaluated_reproduced_and_begun_with_like_any_other(checkout: Checkout, run: Any) -> None:
    evaluated = checkout.run("pipeline.evaluate", f"run={run.info.run_id}")
    assert evaluated.returncode == 0, evaluated.stderr
    scores = [line for line in evaluated.stdout.splitlines() if line.strip().startswith("test/")]
    assert len(scores) > 8
    assert all(line.rstrip().endswith("the same") for line in scores)
    again = checkout.run("pipeline.reproduce", f"run={run.info.run_id}")
    assert again.returncode == 0, again.stderr
    assert "bit-identical" in again.stdout
    begun = ("model.conditional=true", f"init={run.info.run_id}", "tracking.experiment=begun")
    assert checkout.train(*WITH_PICTURES, "pictures.final=[]", "pictures.epochs=[]", *begun).returncode == 0
    other = checkout.train(*WITH_PICTURES, f"init={run.info.run_id}", "tracking.experiment=begun")
    assert "the weights of this run do not fit the model" in other.stderr


def test_images_of_one_class_are_refused_before_a_run_is_made(checkout: Checkout) -> None:
    done = checkout.train("model.conditional=true", "dataset.classes=[3]", "tracking.experiment=one_class")
    assert done.returncode != 0
    assert "all training images of digits are of one class (3), or have no labels" in done.stderr
    assert checkout.client.get_experiment_by_name("one_class") is None


def test_the_stored_model_answers_as_the_class_that_a_request_names(checkout: Checkout, run: Any) -> None:
    [stored] = checkout.client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'")
    folder = Path(stored.artifact_location.removeprefix("file://"))
    model = mlflow.pyfunc.load_model(str(folder))
    assert "classes" in [each.name for each in model.metadata.signature.inputs.inputs]
    example = json.loads((folder / "serving_input_example.json").read_text())["inputs"]
    assert len(model.predict(example)["images"]) == len(example["classes"]) == 2
    latents = [[0.0, 1.0], [1.0, 0.0]]
    by_name, by_number = (
        model.predict({"latents": latents, "classes": each})["images"] for each in (["7", "3"], [7, 3])
    )
    np.testing.assert_array_equal(by_name, by_number)
    table = pd.DataFrame({"latents": latents, "classes": [7, "3"]})
    np.testing.assert_array_equal(model.predict(table)["images"], by_name)
    of_seven = model.predict({"latents": latents, "classes": 7})["images"]
    np.testing.assert_array_equal(of_seven[0], by_name[0])
    assert np.abs(of_seven[1] - by_name[1]).max() > 0
    assert model.predict({"classes": "3"}, params={"n": 4})["images"].shape == (4, 8, 8, 1)
    for asked, words in (
        (
            {"latents": latents},
            "classes: missing; this model is conditional; expected one class for all, or 2, one each",
        ),
        ({}, "classes: missing; this model is conditional; expected one class for all, or 16"),
        ({"latents": latents, "classes": [1, 2, 3]}, "classes: 3 of them; expected one class for all, or 2, one each"),
        ({"latents": latents, "classes": 12}, "classes: there is no class 12; expected one of: 0, 1"),
        ({"latents": latents, "classes": [1.5]}, "classes: 1.5 is no class; expected names or numbers"),
        ({"latents": latents, "classes": None}, "classes: null is no class"),
        ({"latents": latents, "classes": []}, "classes: 0 of them; expected 1 to 10000"),
    ):
        with pytest.raises(MlflowException, match=words):
            model.predict(asked)


def test_a_model_that_is_not_conditional_is_told_no_class(checkout: Checkout, plain: Any) -> None:
    [stored] = checkout.client.search_logged_models(
        [plain.info.experiment_id], f"source_run_id = '{plain.info.run_id}'"
    )
    model = mlflow.pyfunc.load_model(stored.artifact_location.removeprefix("file://"))
    assert [each.name for each in model.metadata.signature.inputs.inputs] == ["images", "latents"]
    with pytest.raises(MlflowException, match="classes: this model is not conditional and cannot be told a class"):
        model.predict({"latents": [[0.0, 1.0]], "classes": 7})


def test_a_run_recorded_before_there_were_conditional_models_is_none(checkout: Checkout, plain: Any) -> None:
    from pipeline.runs.recorded_config import parsed_config

    text = mlflow.artifacts.load_text(f"{plain.info.artifact_uri}/config.yaml")
    config = yaml.safe_load(text)
    assert config["model"].pop("conditional") is False
    assert parsed_config(yaml.safe_dump(config), "config.yaml")["model"]["conditional"] is False
    config["model"]["_target_"] = "mine.Network"
    assert "conditional" not in parsed_config(yaml.safe_dump(config), "config.yaml")["model"], "a user's own has none"
