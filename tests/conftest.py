"""Shared by the tests: TensorFlow started quietly, composed configs, and models and images small enough for seconds."""

import compileall
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest
from checkout import Checkout
from hydra import compose, initialize_config_dir
from studies import plan_of

from pipeline import ROOT, places
from pipeline.config.composition import TRAIN, plain
from pipeline.config.names import Config
from pipeline.process.cores import cores
from pipeline.process.environment import isolate
from pipeline.process.interruption import SIGNALS, listen
from pipeline.runtime import RuntimeSettings, start_tensorflow
from pipeline.secrets import KEPT
from pipeline.sweep.study.plan import Plan
from pipeline.tracking.store import Store

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # as `activate` does
# `make test ARGS=…` hands these on to every make below it, where they would stand for what a test types.
for _name in ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(_name, None)
with warnings.catch_warnings():
    isolate()
start_tensorflow()
RuntimeSettings(precision="float32", threads=None).apply()


def pytest_configure(config: pytest.Config) -> None:
    """Compile the code once, also where PYTHONDONTWRITEBYTECODE is set: each process of each copy would do it anew."""
    if not hasattr(config, "workerinput"):  # before there are workers
        for folder in ("pipeline", "hydra_plugins"):
            compileall.compile_dir(ROOT / folder, quiet=1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: a third of the time of each is spent waiting, for servers, signals and locks."""
    return cores() + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run commands come first: a file is one process's, and none should begin a long one at the end."""
    long = {item.path for item in items if "checkout" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that the first command of a new checkout makes."""
    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    before = mlflow.get_tracking_uri()
    Store(f"sqlite:///{path}")
    mlflow.set_tracking_uri(before)
    return path


@pytest.fixture(scope="session", autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A cache of images for the tests, and for the commands that they run, so that nobody's own is touched."""
    os.environ["VAE_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _outboxes_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outboxes for each test, so that nobody's own are touched."""
    monkeypatch.setattr(places, "OUTBOX", tmp_path / "outboxes")


@pytest.fixture(autouse=True)
def _secrets_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of addresses for each test: another one's would be masked in messages, where it is a word of a path."""
    monkeypatch.setenv(KEPT, "{}")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Checkout:
    """A copy of the code with runs of its own, for all tests of a file."""
    return Checkout(tmp_path_factory.mktemp("checkout"), empty_database)


@pytest.fixture
def listening() -> Iterator[None]:
    """Listen for signals in this process, as commands do, and forget afterwards what came."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which a command goes on ignoring where `nohup` began the tests
    listen()
    yield
    listen()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def composed() -> Callable[..., Config]:
    """The config that a command line with these overrides composes."""

    def config(*overrides: str) -> Config:
        with initialize_config_dir(str(TRAIN.root), version_base="1.3"):
            return plain(compose(TRAIN.name, list(overrides)))

    return config


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    """Make the plan of a small study, which is kept in the test's own folder."""
    monkeypatch.setattr(places, "STUDIES", tmp_path / "studies")
    return plan_of


@pytest.fixture(scope="session")
def blobs() -> Callable[..., np.ndarray]:
    """Images of one round spot each, uint8 [N, 8, 8, 1]; equal seeds give equal images."""

    def images(number: int, seed: int = 0) -> np.ndarray:
        row, column = np.random.default_rng(seed).uniform(1, 6, (2, number, 1, 1))
        y, x = np.mgrid[:8, :8]
        spots = 255 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 3)
        return spots.astype("uint8")[..., None]

    return images


@pytest.fixture(scope="session")
def small_vae() -> Callable[..., object]:
    """A VAE for 8x8x1 images with fresh weights; dense, Bernoulli and the negative ELBO unless told otherwise.

    With `class_names` it is conditional.
    """
    from pipeline.models.dense import Dense
    from pipeline.models.likelihood import Bernoulli
    from pipeline.models.objectives.weight_schedule import Constant
    from pipeline.models.objectives.weighted_elbo import WeightedElbo
    from pipeline.models.vae import assemble

    def vae(
        *,
        likelihood=None,
        architecture=None,
        latent_dim=2,
        seed=0,
        batch_norm=False,
        dropout=0.0,
        class_names=(),
        **own,
    ):
        network = {"hidden": [16], "decoder_hidden": None, "batch_norm": batch_norm, "dropout": dropout}
        network |= {"conditional": bool(class_names), "levels": None}
        network |= {"latent_dim": latent_dim, "scale": "log_variance", "activation": "tanh", "initializer": None}
        weights = {
            "beta": 1.0,
            "distortion_weight": 1.0,
            "free_bits": 0.0,
            "sampling": True,
            "schedule": Constant(of=None),
        }
        return assemble(
            architecture=architecture or Dense(**network),
            likelihood=likelihood or Bernoulli(),
            objective=own.get("objective") or WeightedElbo(**weights | own),
            image_shape=(8, 8, 1),
            seed=seed,
            class_names=class_names,
        )

    return vae


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("a small disk can be made by root only, with the right to mount")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
