"""`python -m pipeline.generate`: files made by a trained model."""

import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import keras
import mlflow
import numpy as np
import pandas as pd
import pytest
from checkout import SMALL, Checkout
from data_files import pixels
from PIL import Image

from pipeline.config.build import build
from pipeline.errors import InputError
from pipeline.figures import loop
from pipeline.generation.generated import Generator
from pipeline.tracking.run_facts import beginning


@pytest.fixture(scope="module")
def run_id(checkout: Checkout) -> str:
    done = checkout.train(*SMALL, "model.latent_dim=3", "tracking.experiment=generating")
    assert done.returncode == 0, done.stderr
    return str(checkout.runs("generating")[0].info.run_id)


def made(checkout: Checkout, run_id: str, out: Path, *overrides: str) -> dict[str, np.ndarray]:
    done = checkout.run("pipeline.generate", f"run={beginning(run_id)}", f"out={out}", *overrides)
    assert done.returncode == 0, done.stderr
    printed = [Path(line) for line in done.stdout.splitlines() if line.startswith(str(out))]
    assert sorted(printed) == sorted(out.iterdir())
    for path in out.glob("*.png"):
        assert np.asarray(Image.open(path)).std() > 0
    [arrays] = out.glob("*.npz")
    return dict(np.load(arrays))


def test_nothing_is_left_in_the_temporary_folder(checkout: Checkout, run_id: str, tmp_path: Path) -> None:
    temporary, out = tmp_path / "temporary", tmp_path / "out"
    temporary.mkdir()
    command = checkout.start("pipeline.generate", f"run={run_id}", f"out={out}", env={"TMPDIR": str(temporary)})
    assert command.wait(timeout=120) == 0
    assert list(temporary.iterdir()) == []
    assert list(out.glob("*.npz"))


def test_samples_follow_seed_and_temperature(checkout: Checkout, run_id: str, tmp_path: Path) -> None:
    one = made(checkout, run_id, tmp_path / "one", "what.n=2000")
    assert one["images"].shape == (2000, 8, 8, 1)
    assert one["latents"].shape == (2000, 3)
    assert 0 <= one["images"].min() <= one["images"].max() <= 1
    assert one["latents"].std() == pytest.approx(1, abs=0.05)
    half = made(checkout, run_id, tmp_path / "half", "what.n=2000", "what.temperature=0.5")
    np.testing.assert_allclose(half["latents"], one["latents"] / 2)
    other = made(checkout, run_id, tmp_path / "other", "what.n=2000", "what.seed=1")
    assert not np.isclose(other["latents"], one["latents"]).any(axis=1).all()


def test_a_mixture_lies_where_the_images_do_and_shrinks_to_its_centres(
    checkout: Checkout, run_id: str, tmp_path: Path
) -> None:
    options = ("what.density=mixture", "what.n=200", "what.components=3")
    cold = made(checkout, run_id, tmp_path / "cold", *options, "what.temperature=0")
    assert len(np.unique(cold["latents"].round(4), axis=0)) <= 3
    warm = made(checkout, run_id, tmp_path / "warm", *options)
    assert len(np.unique(warm["latents"].round(4), axis=0)) > 150


def test_points_and_a_plane_are_decoded_where_they_were_asked_for(
    checkout: Checkout, run_id: str, tmp_path: Path
) -> None:
    point = made(checkout, run_id, tmp_path / "point", "point=[0,2.5,-1]")
    several = made(checkout, run_id, tmp_path / "points", "what=points", "what.points=[[0,2.5,-1],[1,1,1]]")
    np.testing.assert_array_equal(several["latents"], [[0, 2.5, -1], [1, 1, 1]])
    np.testing.assert_allclose(point["images"][0], several["images"][0], atol=1e-6)
    even = ("what.settings.spacing=even", "what.settings.count=5", "what.settings.x=[-2,2]", "what.settings.y=[-2,2]")
    plane = made(checkout, run_id, tmp_path / "plane", "what=plane", *even)
    assert plane["images"].shape == (5, 5, 8, 8, 1)
    steps = np.diff(plane["latents"], axis=1)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=-1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.diff(steps, axis=0), 0, atol=1e-9)


def test_interpolations_end_at_the_images_and_play_as_a_film(checkout: Checkout, run_id: str, tmp_path: Path) -> None:
    way = made(checkout, run_id, tmp_path / "way", "what=interpolations", "what.pairs=[[0,1],[5,0]]", "what.steps=4")
    assert way["images"].shape == (2, 4, 8, 8, 1)
    np.testing.assert_allclose(way["latents"][0, 0], way["latents"][1, 3], atol=1e-6)
    np.testing.assert_allclose(np.diff(way["latents"], n=2, axis=1), 0, atol=1e-6)
    with Image.open(tmp_path / "way" / "interpolations.gif") as film:
        assert film.n_frames == 6  # there and back


def test_files_of_ones_own_are_resized_interpolated_and_encoded(
    checkout: Checkout, run_id: str, tmp_path: Path
) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in (".ipynb_checkpoints", "__MACOSX"):
        (tmp_path / "in" / name).mkdir()
        Image.fromarray(pixels(9, 9)).save(tmp_path / "in" / name / "copy.png")
    (tmp_path / "in" / "deep" / "Thumbs.db").write_bytes(bytes(9))
    files = [tmp_path / "in" / "a.png", tmp_path / "in" / "deep" / "b.png"]
    for number, file in enumerate(files):
        Image.fromarray(pixels(30, 20, seed=number)).save(file)
    names = ",".join(map(str, files))
    way = made(checkout, run_id, tmp_path / "way", "what=interpolations", f"what.files=[{names}]", "what.steps=3")
    made(checkout, run_id, tmp_path / "table", "what=encodings", f"what.folder={tmp_path / 'in'}")
    table = pd.read_csv(tmp_path / "table" / "encodings.csv")
    assert table["file"].tolist() == ["a.png", "deep/b.png"]
    means = table[["z1", "z2", "z3"]].to_numpy()
    np.testing.assert_allclose(means, way["latents"][0, [0, 2]], atol=1e-5)
    assert (table["rate"] > 0).all()
    odd = Path(os.fsdecode(os.fsencode(tmp_path / "in" / "deep") + b"/caf\xe9.png"))
    shutil.copy(files[1], odd)
    for name in ("c.png", "d.png"):
        (tmp_path / "in" / name).write_text("no image")
    told = refused(checkout, f"run={run_id}", "what=encodings", f"what.folder={tmp_path / 'in'}")
    assert "2 of 5 files cannot be read as images" in told
    assert "leave them out: what.skip_unreadable=true" in told
    cured = ("what=encodings", f"what.folder={tmp_path / 'in'}", "what.skip_unreadable=true")
    made(checkout, run_id, tmp_path / "skipped", *cured)
    again = pd.read_csv(tmp_path / "skipped" / "encodings.csv")
    assert again["file"].tolist() == ["a.png", "deep/b.png", r"deep/caf\xe9.png"]
    np.testing.assert_allclose(again["z1"][1], again["z1"][2])


def test_the_worst_test_images_are_those_of_the_evaluation(checkout: Checkout, run_id: str, tmp_path: Path) -> None:
    arrays = made(checkout, run_id, tmp_path / "out", "what=scores", "what.worst=5", "what.importance_samples=50")
    table = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert table["elbo"].is_monotonic_increasing
    recorded = pd.read_parquet(checkout.artifacts(run_id) / "test_scores.parquet").loc[table["image"]]
    for score in ("elbo", "rate", "distortion", "mse"):
        np.testing.assert_allclose(table[score], recorded[score], rtol=1e-5)
    assert table["class"].tolist() == recorded["label"].tolist(), "digits are named by their labels"
    np.testing.assert_allclose(table["percentile"], np.linspace(100, 100 / 300, 300))
    assert arrays["images"].shape == (300, 8, 8, 1)
    assert table["nll"].mean() == pytest.approx(recorded["nll"].mean(), abs=0.5)
    assert table["nll"].mean() < -table["elbo"].mean()


def test_images_of_another_kind_are_the_most_unusual(checkout: Checkout, run_id: str, tmp_path: Path) -> None:
    made(checkout, run_id, tmp_path / "digits", "what=scores")
    images = np.load(tmp_path / "digits" / "scores.npz")["images"][::30, :, :, 0]
    folder = tmp_path / "in"
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"digit{number}.png")
    for number in range(2):
        Image.fromarray(pixels(8, 8, seed=number)).save(folder / f"noise{number}.png")
    unusual = ("what=scores", f"what.folder={folder}", "what.by=nll", "what.importance_samples=50")
    arrays = made(checkout, run_id, tmp_path / "out", *unusual)
    table = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert set(table["file"][:2]) == {"noise0.png", "noise1.png"}
    assert table["percentile"][:2].tolist() == [100, 100]
    assert table["percentile"].is_monotonic_decreasing
    assert table["percentile"].iloc[-1] < 50
    assert table["nll"].is_monotonic_decreasing
    for file, image in zip(table["file"], arrays["images"], strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(folder / file)), image[..., 0])


def test_files_are_black_and_white_where_the_images_of_the_run_are(checkout: Checkout, tmp_path: Path) -> None:
    where = ("dataset.binarisation=fixed", "tracking.experiment=generating_binary")
    assert checkout.train(*SMALL, *where).returncode == 0
    run_id = checkout.runs("generating_binary")[0].info.run_id
    (tmp_path / "in").mkdir()
    images = {"a.png": pixels(8, 8, seed=0), "b.png": pixels(8, 8, seed=1), "grey.png": np.full((8, 8), 128, np.uint8)}
    for name, image in images.items():
        Image.fromarray(image).save(tmp_path / "in" / name)
    folder = f"what.folder={tmp_path / 'in'}"
    seen = made(checkout, run_id, tmp_path / "scores", "what=scores", folder)["images"]
    scores = pd.read_csv(tmp_path / "scores" / "scores.csv")
    assert set(np.unique(seen)) == {0, 255}
    for name, drawn in zip(scores["file"], seen[..., 0], strict=True):
        grey = images[name]
        assert abs(drawn.mean() - grey.mean()) < 4 * np.sqrt((grey * (255.0 - grey)).sum()) / 64
    (tmp_path / "in" / "a.png").unlink()
    done = checkout.run("pipeline.generate", f"run={run_id}", f"out={tmp_path / 'table'}", "what=encodings", folder)
    assert "Grey pixels of the files are drawn black or white" in done.stdout + done.stderr
    rates = pd.read_csv(tmp_path / "table" / "encodings.csv").set_index("file")["rate"]
    assert list(rates.index) == ["b.png", "grey.png"]
    of_all = scores.set_index("file")["rate"]
    np.testing.assert_allclose(rates, of_all[rates.index], rtol=1e-5, err_msg="they do not hang on other files")


def test_without_recorded_scores_there_is_no_percentile(checkout: Checkout, run_id: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(pixels(8, 8)).save(folder / "a.png")
    file = checkout.artifacts(run_id) / "test_scores.parquet"
    content = file.read_bytes()
    pd.read_parquet(file).drop(columns="nll").to_parquet(file)
    by_nll = ("what.by=nll", "what.importance_samples=50")
    brief = checkout.run("pipeline.generate", f"run={run_id}", "what=scores", f"what.folder={folder}", *by_nll)
    file.unlink()
    done = checkout.run("pipeline.generate", f"run={run_id}", "what=scores", f"what.folder={folder}")
    file.write_bytes(content)
    assert f"Run {run_id} was evaluated without NLL, so no percentile is told" in brief.stdout + brief.stderr
    assert done.returncode == 0, done.stderr
    said = f"Run {run_id} has no scores of its test images to compare with. Add them with: "
    assert said in done.stdout + done.stderr
    [csv] = [line for line in done.stdout.splitlines() if line.endswith(".csv")]
    assert list(pd.read_csv(csv)) == ["file", "elbo", "rate", "distortion", "mse"]


def test_a_traversal_moves_one_dimension_at_a_time(checkout: Checkout, run_id: str, tmp_path: Path) -> None:
    lines = made(checkout, run_id, tmp_path / "lines", "what=traversals", "what.steps=5", "what.dimensions=2")
    assert lines["images"].shape == (2, 5, 8, 8, 1)
    assert (np.ptp(lines["latents"], axis=1) > 0).sum(axis=1).tolist() == [1, 1]


def refused(checkout: Checkout, *overrides: str) -> str:
    done: subprocess.CompletedProcess[str] = checkout.run("pipeline.generate", *overrides)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["point=[0,1]"], "the latent [0.0, 1.0] has 2 coordinates; expected 3, as the latent space of run"),
        (["what.n=0"], "what.n=0: expected a number greater than 0"),
        (["what.temprature=1"], "what.temprature: no such key. Did you mean what.temperature?"),
        (
            ["what=interpolations", "what.pairs=[[0,100000]]"],
            "what.pairs: there is no test image 100000; there are 300",
        ),
        (["what=interpolations", "what.files=[a.png]"], "what.files: 1 file; expected an even number"),
        (["what=interpolations", "what.files=[a.png,b.png]"], "a.png: No such file or directory"),
        (
            ["what=encodings", "what.folder=nowhere"],
            "what.folder=nowhere: No such file or directory; expected",
        ),
        (["what=scores", "what.folder=nowhere"], "what.folder=nowhere: No such file or directory; expected"),
        (["what=scores", "what.by=kl"], "what.by=kl: expected 'elbo', 'rate', 'distortion', 'mse' or 'nll'"),
        (["what=scores", "what.by=nll"], "what.by=nll: no NLL is computed. Set what.importance_samples=50"),
        (
            ["what=scores", "what.by=nll", "what.importance_samples=5", "what.folder=pipeline/figures/interactive"],
            "have an NLL of 50 samples. Set what.importance_samples=50",
        ),
        (["out=conf"], "out=conf: there is something already. Name a folder that does not exist yet"),
    ],
)
def test_mistakes_are_named_with_the_cure(checkout: Checkout, run_id: str, overrides: list[str], words: str) -> None:
    assert words in refused(checkout, f"run={run_id}", *overrides)


def test_an_autoencoder_has_no_prior_to_draw_from(checkout: Checkout, tmp_path: Path) -> None:
    done = checkout.train(*SMALL, "objective=autoencoder", "tracking.experiment=plain")
    assert done.returncode == 0, done.stderr
    run_id = checkout.runs("plain")[0].info.run_id
    assert re.search(r"per image: distortion [\d.]+ nats \(latents without noise, so no ELBO\), MSE ", done.stdout)
    told = refused(checkout, f"run={run_id}", "what=scores", "what.importance_samples=50")
    assert "is an autoencoder, which has no NLL. Leave it out" in told
    told = refused(checkout, f"run={run_id}", "what=scores")
    assert "what.by=elbo: run" in told
    assert "latents without noise, which bound no likelihood. Set what.by=mse, or what.by=distortion" in told
    assert "is an autoencoder, which has no prior. Set what.density=mixture" in refused(checkout, f"run={run_id}")
    assert made(checkout, run_id, tmp_path / "mixed", "what.density=mixture", "what.n=5")["images"].shape[0] == 5


def test_a_model_that_carries_code_is_refused_and_the_code_never_executed(
    checkout: Checkout, run_id: str, tmp_path: Path
) -> None:
    [model] = checkout.client.search_logged_models([checkout.client.get_run(run_id).info.experiment_id])
    folder, trap = Path(model.artifact_location.removeprefix("file://")), str(tmp_path / "executed")
    file = folder / "data" / "model.keras"
    ours = file.read_bytes()
    layer = keras.layers.Lambda(lambda images: __import__("pathlib").Path(trap).touch() or images)
    keras.Sequential([keras.Input((8, 8, 1)), layer]).save(file)
    keras.saving.load_model(file, safe_mode=False)
    assert Path(trap).exists(), "it is one"
    Path(trap).unlink()
    assert f"run {run_id} has no model that can be read (" in refused(checkout, f"run={run_id}")
    with pytest.raises(ValueError, match="Lambda"):
        mlflow.pyfunc.load_model(str(folder))
    assert not Path(trap).exists()
    file.write_bytes(ours)


def test_a_loop_plays_there_and_back(blobs) -> None:
    frames = np.stack([blobs(3, seed=step) for step in range(4)])
    with Image.open(io.BytesIO(loop(frames))) as film:
        assert film.n_frames == 6
        shown = []
        for index in range(6):
            film.seek(index)
            shown.append(np.asarray(film.convert("L")))
    np.testing.assert_array_equal(shown[1], shown[5])
    np.testing.assert_array_equal(shown[2], shown[4])
    assert (shown[0] != shown[3]).any()


def test_a_target_that_generates_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"what: that is of type Bernoulli; expected the _target_ of a Generator"):
        build({"_target_": "pipeline.models.likelihood.Bernoulli"}, "what", expected=Generator)
