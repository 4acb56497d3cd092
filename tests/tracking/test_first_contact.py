"""The first contact with a tracking store that cannot be used: the true reason, and a cure that works."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pytest
from alembic import command
from checkout import SMALL, Checkout, free_port
from filelock import FileLock
from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase
from privileges import unprivileged
from servers import answering, without
from sqlalchemy import create_engine

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.tracking import database, patient_client
from pipeline.tracking.first_contact import ready
from pipeline.tracking.mlflow_internals import alembic_config
from pipeline.tracking.server_check import NEEDED
from pipeline.tracking.store import Store

OLD = "0584bdc529eb"
"""The schema of MLflow 2.22."""
OLD_SERVER = os.environ.get("OLD_MLFLOW", "")
"""Program of an MLflow 2, which `.ci/run` installs."""


@pytest.fixture(autouse=True)
def _same_uri_afterwards():
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)


def refusal(uri: str) -> str:
    """What is said of an address, soon, and without a word of urllib3's."""
    began = time.monotonic()
    with pytest.raises(InputError) as refused:
        Store(uri)
    assert time.monotonic() - began < 30
    assert "Retrying" not in str(refused.value)
    assert "Max retries" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            200,
            "<html><title>Sign in</title></html>",
            "text/html",
            "with the page “Sign in”. This is no MLflow server",
        ),
        (
            404,
            "nothing here",
            "text/plain",
            "404 Not Found. This is no MLflow server: correct host, port",
        ),
        (401, "", "text/html", "It requires a login: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
        (403, "Invalid Host header", "text/plain", "403 Forbidden. This user has no permission: ask"),
        (407, "", "text/html", "The proxy on the way requires a login: put a user into http_proxy"),
        (502, "<title>502 Bad Gateway</title>", "text/html", "A proxy answers, and MLflow behind it does not: have it"),
        (500, "oops", "text/plain", "500 Internal Server Error. Its own log says why it fails: ask whoever runs it"),
        (200, "2.22.0", "text/html", f"the server is MLflow 2.22.0, and {NEEDED} or newer is needed"),
    ],
)
def test_a_server_that_is_not_ours_to_use_is_told_by_its_answer(status: int, body: str, kind: str, said: str) -> None:
    with answering(status, body, kind) as uri:
        assert said in refusal(uri)
        assert "Start the server" not in refusal(uri)


@pytest.mark.parametrize("uri", ["http://[::1:5000", "http://carl:s3cret@[here]:5000"])
def test_an_address_with_wrong_brackets_is_told_with_one_that_is_right(uri: str) -> None:
    said = refusal(uri)
    assert said.startswith(f"tracking.uri={uri.replace('s3cret', '***')}: that is no address (")
    assert said.endswith("Expected http://host:port, where a host with colons stands in brackets: http://[::1]:5000")
    assert "s3cret" not in said


def test_a_server_that_gives_no_answer_is_told_by_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no machine is known as nowhere.invalid" in refusal("http://bob:s3cret@nowhere.invalid")
    assert "nothing listens there (connection refused). Start the server" in refusal("http://127.0.0.1:9")
    assert "that is no address; expected http://host:port" in refusal("http://127.0.0.1:99999999")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert "it took too long" in refusal(f"http://127.0.0.1:{silent.getsockname()[1]}")
    with answering(200, "3.17.2") as uri:
        assert "it does not speak TLS as we do" in refusal(uri.replace("http:", "https:"))
        monkeypatch.setenv("http_proxy", "http://carl:s3cret@127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "localhost")
        said = refusal(uri)
        assert "the proxy on the way refuses (Connection refused). Correct http_proxy or https_proxy, or set" in said
        assert "s3cret" not in said
        monkeypatch.setenv("NO_PROXY", said.partition("no_proxy=")[2].partition(". Or")[0])
        assert "in a valid JSON format" in refusal(uri), "past the proxy, as advised"


@pytest.mark.fault("server", "the tracking server is of an MLflow that is too old")
@pytest.mark.skipif(
    not Path(OLD_SERVER).is_file(), reason="OLD_MLFLOW names no program of an MLflow 2; .ci/run installs one"
)
def test_a_server_of_an_older_mlflow_is_refused_with_both_versions(tmp_path: Path) -> None:
    """It is refused with its version and the one that is needed."""
    port = free_port()
    where = (
        "--backend-store-uri",
        f"sqlite:///{tmp_path / 'old.db'}",
        "--default-artifact-root",
        str(tmp_path / "files"),
    )
    served = subprocess.Popen(
        [OLD_SERVER, "server", *where, "--port", str(port), "--workers", "1"], start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while "2.22.0" not in (said := refusal(f"http://127.0.0.1:{port}")) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert "the server is MLflow 2.22.0, and 3.0.0 or newer is needed" in said
    finally:
        os.killpg(served.pid, 15)
        served.wait(timeout=30)


@pytest.mark.fault("database", "the database was made by an older or a newer MLflow")
def test_a_database_of_another_mlflow_is_refused_and_the_cure_works(tmp_path: Path) -> None:
    """It is refused with the command that upgrades it, which works, or with what to install."""
    path = tmp_path / "old.db"
    uri = f"sqlite:///{path}"
    engine = create_engine(uri)
    InitialBase.metadata.create_all(engine)
    command.upgrade(alembic_config(uri), OLD)
    engine.dispose()
    before = path.read_bytes()
    said = refusal(uri)
    assert f"an older MLflow made this database: its schema is {OLD}, and MLflow {mlflow.__version__} needs " in said
    assert path.read_bytes() == before, "MLflow would have changed it without a word"
    cure = said.partition("bring it up to date: ")[2]
    subprocess.run(cure.replace("python", sys.executable, 1), shell=True, check=True, capture_output=True)
    Store(uri)

    with sqlite3.connect(path) as database:
        database.execute("update alembic_version set version_num = 'feedface0000'")
    said = refusal(uri)
    assert f"its schema is feedface0000, which MLflow {mlflow.__version__} does not know (its own is " in said
    assert "a newer MLflow made this database, or another program" in said
    assert Store(f"sqlite:///{tmp_path / 'another.db'}"), "as advised"


@pytest.mark.fault("database", "the file is no database, or locked when a command begins")
def test_a_file_that_is_no_database_is_told_from_a_folder_and_from_one_that_is_locked(tmp_path: Path) -> None:
    """The command is refused with what it is."""
    (tmp_path / "text.db").write_text("no database " * 100)
    (tmp_path / "folder").mkdir()
    assert "that file is damaged, or no database" in refusal(f"sqlite:///{tmp_path / 'text.db'}")
    said = refusal(f"sqlite:///{tmp_path / 'folder'}")
    assert "that is a folder. Name a file in it: " in said
    Store(said.partition("Name a file in it: ")[2])
    assert f"{tmp_path / 'text.db'}: File exists" in refusal(f"sqlite:///{tmp_path / 'text.db' / 'mlflow.db'}")
    path = tmp_path / "folder" / "mlflow.db"
    with sqlite3.connect(path) as busy:
        busy.execute("begin exclusive")
        assert "the database is locked" in refusal(f"sqlite:///{path}")
        busy.rollback()
    Store(f"sqlite:///{path}")


def test_a_database_that_another_process_opens_for_ever_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    with FileLock(tmp_path / "mlflow.db.lock"):
        said = refusal(f"sqlite:///{tmp_path / 'mlflow.db'}")
    lock = tmp_path / "mlflow.db.lock"
    assert said == (
        f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}: another process is opening the same database and does not "
        f"end: it holds {lock}. See which one with `lsof {lock}`, and end it"
    )


@pytest.mark.slow
def test_a_database_that_is_locked_for_minutes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setattr(patient_client, "TRIES", 1)
    with sqlite3.connect(tmp_path / "mlflow.db") as busy:
        busy.execute("begin exclusive")
        with pytest.raises(InputError, match=r"has locked sqlite:.* for minutes\. See which one, such as a backup"):
            store.experiment("tests")
        busy.rollback()


@pytest.mark.slow
def test_a_server_that_hides_its_version_is_known_by_what_it_has(tmp_path: Path, empty_database: Path) -> None:
    hidden = {"/version"}
    checkout = Checkout(tmp_path / "checkout", empty_database)
    with checkout.ui(free_port()) as server, without(server.address, hidden) as address:
        Store(address)
        hidden.add("/api/2.0/mlflow/logged-models/search")
        assert f"the server is an MLflow without logged models, and {NEEDED} or newer is needed" in refusal(address)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("mysql+cymysql://bob:s3cret@127.0.0.1:9/runs", "Install its driver: python -m pip install cymysql"),
        ("postgresql+psycopg2://bob:s3cret@127.0.0.1:9/runs", "python -m pip install psycopg2-binary"),
        (
            "postgres://bob:s3cret@127.0.0.1/runs",
            "Did you mean postgresql://bob:***@127.0.0.1/runs? Expected the address",
        ),
        ("postgresql://bob:s3cret@127.0.0.1:port/runs", "its port is no number"),
        ("localhost:5000", "MLflow cannot keep runs there. Did you mean http://localhost:5000? Expected the address"),
        ("oracle://bob:s3cret@127.0.0.1/runs", "MLflow cannot keep runs there. Expected the address of a server"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_what_it_lacks(uri: str, said: str) -> None:
    assert said in refusal(uri)
    assert "s3cret" not in refusal(uri)


def test_a_database_that_cannot_be_written_to_is_told_before_mlflow_opens_it() -> None:
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        file = Path(name) / "mlflow.db"
        with unprivileged():
            said = refusal(f"sqlite:///{file}")
        assert f"{name} cannot be written to. Make it writable, or name a file elsewhere: sqlite:////absolute" in said
        Path(name).chmod(0o777)
        file.touch(mode=0o444)
        with unprivileged():
            said = refusal(f"sqlite:///{file}")
        assert f"{file} cannot be written to. Make it writable" in said


def test_a_reason_without_a_file_names_none(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused, ready(Address(f"sqlite:///{tmp_path}/mlflow.db")):
        raise OSError(5, "Input/output error")
    assert "mlflow.db: [Errno 5] Input/output error. Make room there" in str(refused.value)
    assert "None" not in str(refused.value)


def mounted(folder: Path, options: str, *then: str) -> subprocess.CompletedProcess[str]:
    """A shell's lines where another file system lies over a folder, seen by them alone."""
    mount = f"mount -t tmpfs -o {options} none {folder}"
    return subprocess.run(
        ["unshare", "--mount", "sh", "-ec", "\n".join([mount, *then])], capture_output=True, text=True, check=False
    )


@pytest.mark.fault("disk", "`mlruns/` cannot be written to, or is full, when a command begins")
def test_a_folder_of_runs_that_cannot_be_written_to_or_is_full_is_told_and_mended(tmp_path: Path) -> None:
    """The command is refused with the place and the cure; once that is mended, it goes on."""
    checkout = Checkout(tmp_path / "checkout")
    runs = checkout.root / "mlruns"
    runs.mkdir()
    if not shutil.which("unshare") or mounted(runs, "ro", f"! mkdir {runs}/jobs").returncode:
        pytest.skip("this machine lets nobody mount a file system that is read-only")
    python = f"cd {checkout.root}; PYTHONPATH={checkout.root} {sys.executable}"
    train = " ".join([f"{python} -m pipeline.train training.epochs=1", *map(repr, SMALL[:2])])
    server = f"{train} tracking.offline=never tracking.uri=http://127.0.0.1:9"
    done = mounted(runs, "ro", f"! ({server})", f"mount -o remount,rw none {runs}", server)
    read_only, mended = done.stderr.splitlines()
    assert f"{runs}/jobs: Read-only file system. Runs and their logs are kept there: make it writable" in read_only
    assert "nothing listens there" in mended
    fill = f"head -c 1m /dev/zero > {runs}/filler || true; mkdir {runs}/x 2>/dev/null || true"
    done = mounted(runs, "size=16k,nr_inodes=2", fill, server)
    assert "No space left on device. Runs and their logs are kept there: make room there" in done.stderr
