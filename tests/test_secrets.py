"""The secrets of addresses: in nothing that commands and their failures leave, print, or show in `ps`."""

import base64
import json
import pickle
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from checkout import Checkout, free_port, wait_for_epoch
from servers import answering, guarded
from studies import COMMAND, parent_and_trials

from pipeline.address import Address, without_secrets
from pipeline.data.download import PublishedFile, download
from pipeline.errors import InputError
from pipeline.secrets import masked
from pipeline.sweep.study.study import Study

LONG = ("dataset.limit=300", "model.hidden=[16]", "training.epochs=25", "training.patience=null", "pictures=few")
OWN_SOURCE = """
class Table:
    def __init__(self, address):
        assert "***" not in address, "the user's own code is given all of it"
        self.address = address

    def read(self, directory):
        raise RuntimeError(f"no table at {self.address}")
"""
PASSWORD, TYPED = "s3cret@home", "s3cret%40home"
"""A password, and as it stands in an address."""
LEAKS = (b"s3cret", base64.b64encode(f"bob:{PASSWORD}".encode()))


class Watched:
    """Runs commands of a checkout and keeps all that they say, with the arguments of all processes that they start."""

    def __init__(self, checkout: Checkout, upstream: str, place: str) -> None:
        self.checkout, self.upstream, self.place, self.said = checkout, upstream, place, ""
        self.uri = f"tracking.uri=http://bob:{TYPED}@{place}"

    def start(self, module: str, *arguments: str, **env: str) -> subprocess.Popen[str]:
        process = self.checkout.start_anew(module, *arguments, env=env)
        self.shown = set[str]()
        self.watch = threading.Thread(target=_watch, args=(process, self.shown))
        self.watch.start()
        return process

    def ended(self, process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
        out, err = process.communicate(timeout=300)
        self.watch.join()
        assert any("pipeline.tracking.guard" in line for line in self.shown)
        self.said += "\n".join([out, err, *self.shown])
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def train(self, *overrides: str, **env: str) -> subprocess.CompletedProcess[str]:
        done = self.checkout.train(*overrides, env=env)
        self.said += done.stdout + done.stderr
        return done


def _watch(process: subprocess.Popen[str], shown: set[str]) -> None:
    """The arguments of what a process starts. Its own are what was typed, which nobody can take back."""
    while process.poll() is None:
        with suppress(psutil.Error):
            own = psutil.Process(process.pid)
            shown |= {" ".join(child.cmdline()) for child in own.children(recursive=True)} - {" ".join(own.cmdline())}
        time.sleep(0.05)


def leaks(folder: Path) -> list[str]:
    """Files with a secret in them."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and _leaks(path.read_bytes())]


def _leaks(content: bytes) -> bool:
    return any(secret in content for secret in LEAKS)


@pytest.fixture(scope="module")
def watched(checkout: Checkout) -> Iterator[Watched]:
    """Commands that speak to a real server behind a proxy that wants a password."""
    with checkout.ui(free_port()) as ui, guarded(ui.address, "bob", PASSWORD) as place:
        yield Watched(checkout, ui.address, place)


def assert_nothing_leaked(watched: Watched) -> None:
    assert not leaks(watched.checkout.root)
    assert not _leaks(watched.said.encode()), watched.said


@pytest.mark.slow
def test_a_training_that_loses_its_server_publishes_no_password(watched: Watched) -> None:
    with guarded(watched.upstream, "bob", PASSWORD) as place:
        uri = f"tracking.uri=http://bob:{TYPED}@{place}"
        process = watched.start("pipeline.train", *LONG, uri, "tracking.experiment=lost")
        wait_for_epoch(process, 2)
    lost = watched.ended(process)
    assert lost.returncode == 0, lost.stderr
    assert f"http://bob:***@{place} does not answer" in lost.stdout
    assert f"-m pipeline.sync 'tracking.uri=http://bob:***@{place}'" in lost.stdout
    [run] = watched.checkout.runs("lost")
    [outbox] = (watched.checkout.root / "mlruns" / "outbox").glob(f"*/{run.info.run_id}")
    assert (outbox.parent / "server").read_text() == f"http://{place}"
    assert f"tracking.uri=http://bob:***@{place}" in (outbox / "run.json").read_text()
    sent = watched.checkout.run("pipeline.sync", uri)
    assert sent.returncode == 2
    assert "no answer from MLflow there" in sent.stderr
    watched.said += sent.stdout + sent.stderr
    assert_nothing_leaked(watched)


@pytest.mark.slow
def test_a_search_by_several_processes_publishes_neither_of_its_passwords(watched: Watched) -> None:
    storage = f"sqlite:///file:{watched.checkout.root}/optuna.db?uri=true&password=s3cret"
    search = (*COMMAND, "sweep.study=hidden", "sweep.n_trials=2", "training.learning_rate=0.001,1e30")
    jobs = ("hydra/launcher=joblib", "sweep.workers=2", f"sweep.storage='{storage}'", "sweep/sampler=grid")
    env = {"MLFLOW_TRACKING_URI": watched.uri.partition("=")[2]}
    process = watched.start("pipeline.train", *search, *jobs, "tracking.experiment=hidden", **env)
    done = watched.ended(process)
    assert "1 done, 1 failed" in done.stdout, done.stdout + done.stderr
    parent, trials = parent_and_trials(watched.checkout, "hidden")
    assert "password=***" in parent.data.tags["mlflow.note.content"]
    assert sorted(run.info.status for run in trials.values()) == ["FAILED", "FINISHED"]
    assert_nothing_leaked(watched)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("tracking.uri=http://bob:s3cret2@PLACE",), 2, "http://bob:***@PLACE: it answers 401 Unauthorized"),
        (("tracking.uri=http://bob:s3c(ret s3cret@PLACE", "model.latent_dm=3"), 2, "model.latent_dm: no such key"),
        (
            ("tracking.uri=bob:s3cret@PLACE",),
            2,
            "bob:***@PLACE: MLflow cannot keep runs there. Did you mean http://bob",
        ),
        (("tracking.uri=http://bob:***@PLACE2",), 2, "stands for a secret, which is kept in no record. Give the whole"),
        (
            ("trusted=[mine]", "dataset.source._target_=mine.Table", "+dataset.source.address=mine://bob:s3cret@here"),
            1,
            "RuntimeError: no table at mine://bob:***@here",
        ),
    ],
)
def test_no_refusal_nor_defect_publishes_a_password(
    watched: Watched, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (watched.checkout.root / "mine.py").write_text(OWN_SOURCE)
    names = {"PLACE": watched.place}
    filled = [_filled(each, names) for each in arguments]
    done = watched.train(*filled)
    assert done.returncode == code, done.stderr
    assert _filled(message, names) in done.stdout + done.stderr
    assert_nothing_leaked(watched)


def _filled(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def test_a_mirror_and_a_storage_of_studies_are_named_without_their_passwords(plan, tmp_path: Path) -> None:
    published = PublishedFile("images.gz", "0" * 32)
    with pytest.raises(InputError, match=r"http://bob:\*\*\*@127.0.0.1:9/images.gz: no connection"):
        download(published, ["http://bob:s3cret@127.0.0.1:9/"], tmp_path, "")
    with pytest.raises(
        InputError, match=r"the study's storage mysql://bob:\*\*\*@nowhere/x: .* pip install mysqlclient"
    ):
        Study(plan(storage=Address("mysql://bob:s3cret@nowhere/x")))
    with (
        answering(200, "images", "text/plain") as upstream,
        guarded(upstream, "bob", PASSWORD) as place,
        pytest.raises(InputError, match=r"MD5 is .* not the published file"),  # so it was let in
    ):
        download(published, [f"http://bob:{TYPED}@{place}/"], tmp_path, "")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://bob:s3cret@host:5000/path", "http://bob:***@host:5000/path"),
        ("http://bob:s3/c?r#et@host/path", "http://bob:***@host/path"),
        ("https://s3cret@host/path", "https://***@host/path"),
        ("https://s3cret:@host", "https://***:@host"),
        ("https://host:5000/of/bob@home", "https://host:5000/of/bob@home"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        (
            "postgresql+psycopg://bob:s3@cr/et@a:1,b:2/runs?sslmode=require",
            "postgresql+psycopg://bob:***@a:1,b:2/runs?sslmode=require",
        ),
        ("postgresql://bob@host/runs", "postgresql://bob@host/runs"),
        ("postgresql:///runs?host=a&user=bob&password=s3cret", "postgresql:///runs?host=a&user=bob&password=***"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3Ds3cret", "mssql+pyodbc:///?odbc_connect=***"),
        ("redis://:s3cret@host:6379/0", "redis://:***@host:6379/0"),
        (
            "https://host/a?X-Amz-Signature=s3cret&page=1#access_token=s3cret",
            "https://host/a?X-Amz-Signature=***&page=1#access_token=***",
        ),
        ("sqlite:////home/bob:b@x/mlflow.db", "sqlite:////home/bob:b@x/mlflow.db"),
        ("bob:s3cret@host:5000", "bob:***@host:5000"),
    ],
)
def test_an_address_shows_all_but_its_secret_and_gives_it_when_asked(address: str, shown: str) -> None:
    known = Address(address)
    texts = (
        str(known),
        f"{known}",
        repr(known)[1:-1],
        json.loads(json.dumps(known)),
    )
    assert set(texts) == {shown}
    assert known.full == Address(shown).full == address
    assert b"s3" not in pickle.dumps(known)
    assert pickle.loads(pickle.dumps(known)).full == address
    assert Address(known) == known


def test_a_text_is_masked_however_a_library_writes_the_secret() -> None:
    Address("http://bob:s3%40cret@host")
    Address("postgresql://postgres:postgres@host/db")
    basic = base64.b64encode(b"bob:s3@cret").decode()
    said = f"request to http://bob:s3%40cret@host/api failed: s3@cret, 's3%40cret', {basic}, '\\ns3@cret', 'cret@host'"
    assert masked(said) == "request to http://bob:***@host/api failed: ***, '***', ***, '\\n***', '***@host'"
    assert masked("postgresql://postgres:postgres@host/db") == "postgresql://postgres:***@host/db"
    assert masked("https://x:unknown@host, (ftp://a:b@c).") == "https://x:***@host, (ftp://a:***@c)."
    assert str(InputError("no http://bob:s3%40cret@host")) == "no http://bob:***@host"


def test_a_text_that_names_an_address_is_no_address() -> None:
    texts = {
        "note": "see https://host/path, contact me@uni.de",
        "link": "https://host/x?design=5&orderByKey=a&author=b",
        "two": "https://host/a and https://other/b",
    }
    assert without_secrets(texts) == texts
    assert masked("the host of me@uni.de") == "the host of me@uni.de"


def test_a_password_that_is_a_common_word_leaves_messages_readable() -> None:
    shown = Address("postgresql://mlflow:mlflow@db/mlflow")
    assert shown == "postgresql://mlflow:***@db/mlflow"
    assert masked(f"python -m mlflow db upgrade {shown.full}") == f"python -m mlflow db upgrade {shown}"


def test_a_secret_beside_a_reference_is_refused_before_anything_is_written(checkout: Checkout) -> None:
    done = checkout.train("tracking.uri=http://bob:s3cret-beside@${oc.env:HOST}")
    assert done.returncode == 2
    assert "tracking.uri: a secret that is written out beside a reference" in done.stderr
    assert "s3cret" not in done.stderr + done.stdout
    assert not [path for path in checkout.root.rglob("overrides.yaml") if "s3cret-beside" in path.read_text()]
