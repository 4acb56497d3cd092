"""The wheel in an environment of its own, and its commands in a folder that has nothing of the project."""

import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from checkout import SMALL, Checkout
from rooms import COMMANDS
from warm import warm

from pipeline import ROOT, __version__

pytestmark = pytest.mark.slow


class Installation(Checkout):
    """The wheel, installed where the libraries of this environment are found, and a folder to type commands in."""

    def __init__(self, root: Path) -> None:
        dist, environment = root / "dist", root / "environment"
        build = [sys.executable, "-m", "hatchling", "build", "-d", dist]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
        [self.wheel], [self.sdist] = dist.glob("*.whl"), dist.glob("*.tar.gz")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        self.scripts = environment / "bin"
        base = {"base": str(environment), "platbase": str(environment)}
        self.packages = Path(sysconfig.get_path("purelib", vars=base))
        (self.packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))  # whose own .pth files do not count
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", self.wheel]
        subprocess.run([*install, "--python", self.scripts / "python"], check=True)
        self.root = root / "work"
        self.root.mkdir()

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Without the path by which the commands of a copy find it."""
        return {name: value for name, value in super().environment(env).items() if name != "PYTHONPATH"}

    def script(self, command: str, *arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
        """A console script, in a Python that is started for it."""
        how = {"cwd": self.root, "env": self.environment(), "timeout": 300, **how}
        return subprocess.run([self.scripts / command, *arguments], text=True, capture_output=True, check=False, **how)

    def run(self, module: str, *arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
        """`python -m module` of the wheel, when it has ended; libraries are imported already."""
        env = self.environment() | {"PYTHONPATH": str(self.packages)}
        return warm().run(module, arguments, self.root, env, 300)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    return Installation(tmp_path_factory.mktemp("installed"))


def test_every_command_has_a_console_script(installed: Installation) -> None:
    [information] = installed.packages.glob("vae_pipeline-*.dist-info")
    scripts = {each.name: each.value for each in Distribution.at(information).entry_points}
    assert scripts == {f"vae-{name}": f"pipeline.{name}:main" for name in (Path(each).stem for each in COMMANDS)}
    assert Distribution.at(information).version == __version__
    for name in scripts:
        told = installed.script(name, "--version")
        assert (told.stdout, told.stderr, told.returncode) == (f"vae-pipeline {__version__}\n", "", 0)


def test_the_wheel_has_the_configs_and_pages_and_the_sdist_the_tests(installed: Installation) -> None:
    for folder, below in (("conf", "pipeline/conf"), ("pipeline", "pipeline"), ("hydra_plugins", "hydra_plugins")):
        for path in (ROOT / folder).rglob("*.*"):
            if path.suffix in {".yaml", ".html", ".py"}:
                assert (installed.packages / below / path.relative_to(ROOT / folder)).read_text() == path.read_text()
    assert not (installed.packages / "hydra_plugins" / "__init__.py").exists(), "other packages have plugins there, too"
    assert not (installed.packages / "conf").exists(), "a name that is not ours alone"
    with tarfile.open(installed.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/rooms.py", "conf/model/dense.yaml", "README.md", "LICENSE", "requirements.lock", "Makefile"} <= names


def test_runs_are_kept_where_a_command_is_typed(installed: Installation) -> None:
    """Through a console script and through `python -m`, whatever the processes do that it starts."""
    own = installed.root / "conf" / "model"
    own.mkdir(parents=True)
    (own / "wide.yaml").write_text("# A wide dense network.\ndefaults: [dense]\nhidden: [24]\n")
    small = [each for each in SMALL if not each.startswith("model.hidden")]
    done = installed.script("vae-train", "--config-dir", "conf", "model=wide", "hydra.job.chdir=true", *small)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "See it with: vae-ui" in done.stdout
    [run] = installed.runs("digits")
    assert run.data.params["model.hidden"] == "[24]"
    assert installed.artifacts(run.info.run_id).is_relative_to(installed.root / "mlruns")
    assert run.data.tags["command"].startswith("python -m pipeline.train --config-dir conf ")
    told = {name: run.data.tags[name] for name in ("pipeline", "commit", "dirty")}
    assert told == {"pipeline": __version__, "commit": "unknown", "dirty": "unknown"}

    study = ("sweep=study", "sweep.study=mine", "sweep.n_trials=2", "sweep.objective=validation/elbo")
    done = installed.run("pipeline.train", "-m", *study, *SMALL, "evaluation=brief", "model.latent_dim=2,3")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert (installed.root / "mlruns" / "studies" / "mine.journal").exists()
    done = installed.run("pipeline.generate", "run=mine@champion", "what.n=4")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.split()[-1]).is_relative_to(installed.root / "mlruns" / "generated")
    done = installed.run("pipeline.compare", "study=mine")
    assert done.returncode == 0, done.stderr
    assert [*installed.root.glob("mlruns/comparisons/*/comparison.html")]
    assert {path.name for path in installed.root.iterdir()} == {"conf", "mlruns"}


def test_another_folder_for_runs_can_be_named(installed: Installation, tmp_path: Path) -> None:
    done = installed.script("vae-study", env=installed.environment({"VAE_HOME": str(tmp_path)}))
    assert done.returncode == 2
    assert f"{tmp_path / 'mlruns' / 'studies'} has no study yet" in done.stderr


def test_a_shell_completes_groups_options_and_keys(installed: Installation) -> None:
    for typed, completed in (("dataset=fa", "dataset=fashion"), ("model.lat", "model.latent_dim=")):
        line = f"vae-train {typed}"
        env = installed.environment({"COMP_LINE": line, "COMP_POINT": str(len(line))})
        assert installed.script("vae-train", "-sc", "query=bash", env=env).stdout.split() == [completed]
