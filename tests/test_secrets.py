"""The secrets of addresses: in nothing that commands and their failures leave, print, or show in `ps`."""

import base64
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from checkout import SMALL, Checkout, free_port
from servers import guarded

PASSWORD, TYPED = "s3cret@home", "s3cret%40home"
"""A password, and as it stands in an address."""
LEAKS = (b"s3cret", base64.b64encode(f"bob:{PASSWORD}".encode()))


class Watched:
    """Runs commands of a checkout and keeps all that they say, with the arguments of all processes that they start."""

    def __init__(self, checkout: Checkout, place: str) -> None:
        self.checkout, self.place, self.said = checkout, place, ""
        self.uri = f"tracking.uri=http://bob:{TYPED}@{place}"

    def run(self, module: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        process = self.checkout.start(module, *arguments, env=env)
        ended, shown = threading.Event(), set[str]()
        watch = threading.Thread(target=_watch, args=(process.pid, ended, shown))
        watch.start()
        out, err = process.communicate(timeout=300)
        ended.set()
        watch.join()
        self.said += "\n".join([out, err, *shown])
        return subprocess.CompletedProcess([module, *arguments], process.returncode, out, err)

    def train(self, *overrides: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run("pipeline.train", *overrides, **env)


def _watch(pid: int, ended: threading.Event, shown: set[str]) -> None:
    """The arguments of what a process starts. Its own are what was typed, which nobody can take back."""
    process = psutil.Process(pid)
    own = process.cmdline()
    while not ended.wait(0.05):
        try:
            lines = [child.cmdline() for child in process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        shown |= {" ".join(line) for line in lines if line != own}


def leaks(folder: Path) -> list[str]:
    """Files with a secret in them."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and _leaks(path.read_bytes())]


def _leaks(content: bytes) -> bool:
    return any(secret in content for secret in LEAKS)


@pytest.fixture(scope="module")
def watched(checkout: Checkout) -> Iterator[Watched]:
    """Commands that speak to a real server behind a proxy that wants a password."""
    with checkout.ui(free_port()) as ui, guarded(ui.address, "bob", PASSWORD) as place:
        yield Watched(checkout, place)


def nothing_leaked(watched: Watched, also: Sequence[str] = ()) -> None:
    assert not leaks(watched.checkout.root)
    assert not _leaks(watched.said.encode())
    for each in also:
        assert each in watched.said


def test_a_training_and_what_follows_it_publish_no_password(watched: Watched) -> None:
    done = watched.train(*SMALL, watched.uri, "tracking.experiment=secret")
    assert done.returncode == 0, done.stderr
    [run] = watched.checkout.runs("secret")
    recorded = watched.checkout.artifacts(run.info.run_id)
    print(done.stdout, recorded)
    nothing_leaked(watched)
