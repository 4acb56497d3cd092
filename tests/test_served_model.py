"""A stored model behind `python -m pipeline.serve` and `mlflow models serve`: what it answers, and what it refuses."""

import json
import os
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

import numpy as np
import pytest
from checkout import SMALL, Checkout, free_port

from pipeline.tracking.finished import beginning

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
    model.write_text(before.replace("pipeline.tracking.served", "antigravity"))
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
            return error.code, error.read().decode()

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


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"inputs": {"latents": [[0, 1, 2]]}}, "latents: shape [1, 3]; wanted [number, latent_dim], here [N, 2]"),
        ({"inputs": {"latents": [[0, 1], [2]]}}, "inhomogeneous shape"),
        ({"inputs": {"images": [[[[0.5]]]]}}, "images: shape [1, 1, 1, 1]; wanted [number, height, width, channels]"),
        ({"inputs": {"images": [[[[255.0]] * 8] * 8]}}, "images: pixels are from 255 to 255; wanted 0 to 1. Divide"),
        ({"inputs": {}, "params": {"task": "encode"}}, "images: missing; wanted [number, height, width, channels]"),
        ({"inputs": {}, "params": {"task": "dream"}}, "task=dream: wanted one of auto, encode, reconstruct, decode"),
        ({"inputs": {}, "params": {"n": 0}}, "n=0: wanted a number from 1 to 10000"),
        ({"inputs": {}, "params": {"temperature": -1.0}}, "temperature=-1.0: wanted a number that is not negative"),
        ({"inputs": {}, "params": {"seed": -1}}, "seed=-1: wanted a number that is not negative"),
    ],
)
def test_what_is_wrong_is_said_with_status_400(ask: Ask, body: dict, words: str) -> None:
    status, said = ask(**body)
    assert status == 400, said
    assert words in said


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ((), "run: Missing mandatory value: run. Give it a value: run=…"),
        (("run=nothing",), "run nothing is not in sqlite"),
        (("run=nothing", "port=0"), "port=0: wanted a number greater than or equal to 1, for example port=5001"),
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
    assert f"Choose another: port={port + 1}, or make serve SERVE_PORT={port + 1}" in done.stderr
