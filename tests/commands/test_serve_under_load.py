"""A served model under requests that are many, large, malformed or slow: it refuses them with 4xx, and lives."""

import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import requests
from checkout import SMALL, Checkout, free_port
from warm import Forked

JSON = {"Content-Type": "application/json"}


@dataclass
class Server:
    """A served model."""

    port: int
    process: Forked

    def ask(self, body: bytes, headers: dict[str, str] = JSON) -> requests.Response:
        address = f"http://127.0.0.1:{self.port}/invocations"
        return requests.post(address, data=body, headers=headers, timeout=120)

    @property
    def most_memory(self) -> int:
        """Bytes that the server held at its peak."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


@pytest.fixture(scope="module")
def server(checkout: Checkout) -> Iterator[Server]:
    done = checkout.train(*SMALL, "tracking.experiment=loaded")
    assert done.returncode == 0, done.stderr
    [run] = checkout.runs("loaded")
    port = free_port()
    process = checkout.start("pipeline.serve", f"run={run.info.run_id}", f"port={port}")
    served = Server(port, process)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{port}/ping", timeout=1)
            break
        except requests.ConnectionError:
            time.sleep(0.2)
    yield served
    process.kill()
    process.wait()


@pytest.fixture
def images(server: Server) -> bytes:
    return json.dumps({"inputs": {"images": np.full((3, 8, 8, 1), 0.5).tolist()}}).encode()


@pytest.fixture(autouse=True)
def _lives(server: Server, images: bytes) -> Iterator[None]:
    yield
    assert server.ask(images).status_code == 200


@pytest.mark.fault("requests", "a hundred requests reach a served model at once")
def test_many_at_once(server: Server, images: bytes) -> None:
    """All of them are answered, alike."""
    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(lambda _: server.ask(images), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.fault("requests", "requests to a served model are too large")
def test_too_large(server: Server) -> None:
    """They are refused with status 413, or 429 while many arrive; the memory of the server is bounded."""
    before = server.most_memory
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda _: server.ask(b"[" + b"0.5," * 9_000_000 + b"0]"), range(64)))  # 2.3 GB
    said = {answer.status_code: answer.json()["message"] for answer in answers}
    assert {413} <= said.keys() <= {413, 429}
    assert "more than 32,000,000 bytes. Send its images in several" in said[413]
    assert "already. Send this one later" in said.get(429, "already. Send this one later")
    assert server.most_memory - before < 0.8e9


MALFORMED = {
    "no json": b"\xff\x00 nothing",
    "empty": b"",
    "nested": b"[" * 1_000_000,
    "nested whole": b'{"inputs":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "large number": b'{"inputs": {"images": [[[[' + b"9" * 10_000 + b"]]]]}}",
    "not a number": b'{"inputs": {"images": [[[[NaN]]]]}}',
    "texts": b'{"inputs": {"images": [[[["a"]]]]}}',
    "ragged": b'{"inputs": {"images": [[[[1],[0]],[[1]]]]}}',
    "many samples": b'{"inputs": {}, "params": {"n": 1000000000}}',
    "null": b"null",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=list(MALFORMED))
@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/x-unknown", ""])
@pytest.mark.fault("requests", "requests to a served model are malformed")
def test_malformed(server: Server, body: bytes, kind: str) -> None:
    """They are refused with a status from 400 to 499."""
    status = server.ask(body, {"Content-Type": kind}).status_code
    assert 400 <= status < 500


@pytest.mark.fault("requests", "clients send a request to a served model very slowly, or never to its end")
def test_slow(server: Server, images: bytes) -> None:
    """Others are answered meanwhile, and those are refused with status 408 after 30 s."""
    head = b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    for each in slow:
        each.sendall(head)
    began = time.monotonic()
    assert server.ask(images).status_code == 200
    assert time.monotonic() - began < 25
    for each in slow:
        each.settimeout(60)
        assert each.recv(1000).startswith(b"HTTP/1.1 408")
        each.close()
