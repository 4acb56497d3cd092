"""A stored model behind `python -m pipeline.serve` and `mlflow models serve`: what it answers, and what it refuses."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import mlflow
import numpy as np
import pandas as pd
import pytest
from checkout import SMALL, Checkout, free_port
from mlflow.exceptions import MlflowException

from pipeline.tracking.run_facts import beginning

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def folder(checkout: Checkout) -> Path:
    done = checkout.train(*SMALL, "tracking.experiment=served")
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs("served")
    [model] = checkout.client.search_logged_models([run.info.experiment_id])
    return Path(model.artifact_location.removeprefix("file://"))


@contextmanager
def served_by_mlflow(checkout: Checkout, folder: Path, port: int, log: TextIO) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(folder), "--env-manager", "local"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env=os.environ
        | {"PYTHONPATH": str(checkout.root), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=log,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@contextmanager
def served_by_us(checkout: Checkout, folder: Path, port: int, log: TextIO) -> Iterator[subprocess.Popen[str]]:
    """With somebody's own loader named in the stored model, which must not be called."""
    [run] = checkout.runs("served")
    model = folder / "MLmodel"
    before = model.read_text()
    model.write_text(before.replace("pipeline.tracking.model.served", "antigravity"))
    assert model.read_text() != before
    process = checkout.start("pipeline.serve", f"run={beginning(run.info.run_id)}", f"port={port}", out=log)
    try:
        yield process
    finally:
        model.write_text(before)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30)
    assert code == 0
    said = Path(log.name).read_text()
    assert f"({run.info.run_id}) answers at http://127.0.0.1:{port}/invocations\nStop with Ctrl-C." in said
    assert "Traceback" not in said


@pytest.fixture(scope="module", params=[served_by_mlflow, served_by_us])
def ask(request: pytest.FixtureRequest, checkout: Checkout, folder: Path) -> Iterator[Ask]:
    """Sends a request to a real server; gives the status and the answer."""
    port, log = free_port(), (checkout.root / "server.log").open("w+")

    def asked(path: str = "/invocations", **body: object) -> tuple[int, Any]:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, json.dumps(body).encode() if body else None, timeout=60) as answer:
                return answer.status, json.loads(answer.read().strip() or b"null")
        except urllib.error.HTTPError as error:
            said = error.read().decode()
            return error.code, json.loads(said)["message"] if said.startswith("{") else said

    with request.param(checkout, folder, port, log) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert process.poll() is None, Path(log.name).read_text()[-2000:]
            try:
                if asked("/ping")[0] == 200:
                    break
            except OSError:
                time.sleep(0.3)
        yield asked


def test_a_program_that_loads_the_model_is_answered_alike(folder: Path) -> None:
    model = mlflow.pyfunc.load_model(str(folder))
    latents = [[0.0, 2.5], [1.0, -1.0]]
    expected = model.predict({"latents": np.array(latents)})["images"]
    assert len(expected) == 2
    np.testing.assert_array_equal(model.predict(pd.DataFrame({"latents": latents}))["images"], expected)
    assert len(model.predict({}, params={"n": np.int64(3)})["images"]) == 3
    for asked, params, words in (
        ({"latent": latents}, None, "latent: no such field. Did you mean latents?"),
        ({}, {"number": 3}, "params.number: no such key"),
        (np.zeros((2, 2)), None, "values without a name, of type ndarray: expected"),
    ):
        with pytest.raises(MlflowException, match=words):
            model.predict(asked, params=params)


def test_a_model_stored_before_its_loader_moved_is_answered_alike(folder: Path, tmp_path: Path) -> None:
    before = Path(shutil.copytree(folder, tmp_path / "model"))
    text = (before / "MLmodel").read_text()
    assert text.count("pipeline.tracking.model.served") == 1
    (before / "MLmodel").write_text(text.replace("pipeline.tracking.model.served", "pipeline.tracking.served"))
    latents = np.array([[0.0, 2.5]])
    models = [mlflow.pyfunc.load_model(str(each)) for each in (folder, before)]
    np.testing.assert_array_equal(*(model.predict({"latents": latents})["images"] for model in models))


def test_the_four_kinds_of_request_agree_with_each_other(ask: Ask, blobs) -> None:
    images = (blobs(3) / 255).tolist()
    status, encoded = ask(inputs={"images": images}, params={"task": "encode"})
    assert status == 200, encoded
    mean, log_variance = (np.array(encoded["predictions"][name]) for name in ("mean", "log_variance"))
    assert mean.shape == log_variance.shape == (3, 2)
    _, decoded = ask(inputs={"latents": mean.tolist()})
    _, reconstructed = ask(inputs={"images": images})
    pictures = np.array(decoded["predictions"]["images"])
    assert pictures.shape == (3, 8, 8, 1)
    np.testing.assert_allclose(pictures, reconstructed["predictions"]["images"], atol=1e-5)
    _, drawn = ask(inputs={}, params={"task": "sample", "n": 5, "seed": 3, "temperature": 0.5})
    latents = drawn["predictions"]["latents"]
    np.testing.assert_allclose(latents, 0.5 * np.random.default_rng(3).standard_normal((5, 2)), rtol=1e-6)
    _, decoded = ask(inputs={"latents": latents}, params={"task": "decode"})
    np.testing.assert_allclose(decoded["predictions"]["images"], drawn["predictions"]["images"], atol=1e-5)


def test_the_example_that_is_stored_with_the_model_is_a_request(ask: Ask, folder: Path) -> None:
    status, answer = ask(**json.loads((folder / "serving_input_example.json").read_text()))
    assert status == 200, answer
    assert np.shape(answer["predictions"]["images"]) == (2, 8, 8, 1)


def test_every_record_of_a_request_is_answered(ask: Ask) -> None:
    latents = [[0.0, 2.5], [1.0, -1.0], [0.5, 0.5]]
    expected = ask(inputs={"latents": latents})[1]["predictions"]["images"]
    for body in (
        {"instances": [{"latents": [latent]} for latent in latents]},
        {"inputs": [{"latents": latents[:2]}, {"latents": latents[2:]}]},
        {"dataframe_records": [{"latents": [latent]} for latent in latents]},
        {"dataframe_split": {"columns": ["latents"], "data": [[latents[:1]], [latents[1:]]]}},
    ):
        status, answer = ask(**body)
        assert status == 200, answer
        np.testing.assert_allclose(answer["predictions"]["images"], expected, atol=1e-6)


LATENTS, IMAGES = {"latents": [[0, 1]]}, {"images": [[[[0.5]] * 8] * 8]}
TABLE = {"columns": ["latents", "latents"], "data": [[[[0, 1]], [[0, 1]]]]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"inputs": {"latents": [[0, 1, 2]]}}, "latents: shape [1, 3]; expected [number, latent_dim], here [N, 2]"),
        ({"inputs": {"latents": [[0, 1], [2]]}}, "inhomogeneous shape"),
        (
            {"inputs": {"latents": [["a", "b"]]}},
            "latents: not numbers, or not equally many everywhere; expected [number",
        ),
        ({"inputs": {"latents": None}}, "latents: "),
        ({"inputs": {"latents": [[0, float("inf")]]}}, "latents: not all values are finite"),
        ({"inputs": {"images": [[[[0.5]]]]}}, "images: shape [1, 1, 1, 1]; expected [number, height, width, channels]"),
        ({"inputs": {"images": [[[[255.0]] * 8] * 8]}}, "images: pixels are from 255 to 255; expected 0 to 1. Divide"),
        ({"inputs": {}, "params": {"task": "encode"}}, "images: missing; expected [number, height, width, channels]"),
        ({"inputs": {}, "params": {"task": "dream"}}, "params.task=dream: expected 'auto', 'encode', 'reconstruct', "),
        ({"inputs": {}, "params": {"n": 0}}, "params.n=0: expected a number greater than or equal to 1, for example"),
        ({"inputs": {}, "params": {"n": "many"}}, "params.n=many: expected a valid integer, for example params.n=16"),
        ({"inputs": {}, "params": {"n": 1.5}}, "params.n=1.5: expected a valid integer"),
        ({"inputs": {}, "params": {"n": True}}, "params.n=true: expected a valid integer"),
        ({"inputs": {}, "params": {"n": None}}, "params.n=null: expected a valid integer"),
        ({"inputs": {}, "params": {"temperature": -1.0}}, "params.temperature=-1.0: expected a number greater than"),
        ({"inputs": {}, "params": {"temperature": float("nan")}}, "params.temperature=nan: expected a finite number"),
        ({"inputs": {}, "params": {"seed": -1}}, "params.seed=-1: expected a number greater than or equal to 0"),
        ({"inputs": {}, "params": {"temprature": 0.5}}, "temprature: no such key. Did you mean params.temperature? "),
        ({"inputs": {}, "params": [1]}, "params of type list: expected a mapping"),
        (
            {"inputs": LATENTS, "params": {"n": 3}},
            "params.n=3: only task=sample reads it, and this request asks to decode",
        ),
        ({"inputs": {"latent": [[0, 1]]}}, "latent: no such field. Did you mean latents? There are: images"),
        ({"inputs": [LATENTS, {"x": 1}]}, "x: no such field. There are: images, latents"),
        ({"dataframe_records": [{"latent": [[0, 1]]}]}, "latent: no such field. Did you mean latents?"),
        (
            {"inputs": {**LATENTS, **IMAGES}},
            "latents and images are both given; a request has one of them. Leave one out",
        ),
        ({"inputs": LATENTS, "params": {"task": "sample"}}, "latents: not read by task=sample, which is what this"),
        ({"inputs": [[0, 1]]}, "Expected data to be list or numpy array, got int"),
        ({"inputs": IMAGES["images"]}, "values without a name, of type "),
        ({"instances": IMAGES["images"]}, "values without a name, of type "),
        ({"inputs": []}, 'expected {"images": […]}, {"latents": […]}, or {} for samples'),
        ({"inputs": None}, ""),
        ({"dataframe_records": []}, "a table of 0 records with the columns []: expected"),
        ({"dataframe_split": TABLE}, "a table of 1 records with the columns [latents, latents]: expected"),
        ({"params": {"n": 3}}, "exactly one of the input fields"),
        ({"inputs": LATENTS, "instances": [LATENTS]}, "exactly one of the input fields"),
    ],
)
def test_what_is_wrong_is_said_with_status_400(ask: Ask, body: dict, words: str) -> None:
    status, said = ask(**body)
    assert status == 400, said
    assert words in said


def test_a_field_that_means_nothing_is_refused(ask: Ask, request: pytest.FixtureRequest) -> None:
    if "served_by_mlflow" in request.node.name:
        pytest.skip("MLflow's own server leaves it out before the model hears of it")
    status, said = ask(inputs={}, parms={"n": 3})
    assert (status, said.partition(" A request")[0]) == (400, "parms: no such field. Did you mean params?")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ((), "run: Missing mandatory value: run. Give it a value: run=…"),
        (("run=nothing",), "run nothing is not in sqlite"),
        (("run=nothing", "port=0"), "port=0: expected a number greater than or equal to 1, for example port=5001"),
    ],
)
def test_mistakes_are_named_with_the_cure(checkout: Checkout, overrides: tuple[str, ...], words: str) -> None:
    done = checkout.run("pipeline.serve", f"port={free_port()}", *overrides)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_busy_port_is_refused_with_another(checkout: Checkout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = checkout.run("pipeline.serve", "run=nothing", f"port={port}")
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert re.search(r"Choose another: port=(\d+), or make serve SERVE_PORT=\1\n", done.stderr)
