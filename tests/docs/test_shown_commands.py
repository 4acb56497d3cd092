"""What README and the documentation show works: commands are executed or composed, or their block says why not."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from checkout import SMALL, Checkout
from data_files import pixels
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from PIL import Image
from shown_commands import ELSEWHERE, MARK, Shown, blocks, pages, shown_commands

from pipeline import ROOT
from pipeline.config.build import build
from pipeline.config.names import Config, hydra_literal
from pipeline.runs.setup import Setup
from pipeline.sweep.settings import StudySettings

OF_RUNS = {"evaluate", "compare", "generate", "reproduce", "bundle", "study", "sync"}
"""Commands that are executed, upon runs and a study that are trained for them."""

KNOWN = {"experiment": {"mnist"}, "study": {"latent_filters"}, "name": {"latent_filters"}, "run": {"latent_filters"}}
"""What the commands may name of these runs; others are composed alone."""

SHORT = {
    "evaluation=samples": "evaluation.samples=60",
    "evaluation=annealing": "evaluation.annealing_steps=4",
    "evaluation.annealing_steps=": "evaluation.annealing_steps=4",
}
"""What is appended to a command so that it takes seconds, by what is in it."""

COMMANDS = shown_commands()


def _is_executed(shown: Shown) -> bool:
    name, words = shown.module.removeprefix("pipeline."), shown.arguments
    if (name not in OF_RUNS and not any(word.startswith("from=") for word in words)) or "--help" in words:
        return False
    if re.search(r"://|…|\$|wait=true|filter=", " ".join(words)):
        return False
    named = [word.partition("=") for word in words]
    return all(
        value in KNOWN[key] or re.match(r"[<\[]|latent_filters@", value) for key, _, value in named if key in KNOWN
    )


EXECUTED = [shown for shown in COMMANDS if _is_executed(shown)]
COMPOSED = [shown for shown in COMMANDS if not _is_executed(shown) and "--config-dir" not in shown.arguments]
"""Those with a folder of configs of one's own are typed by `test_own_package.py`, which writes that folder."""


class Trained:
    """Runs in a checkout, a study where a command asks for it, and files, in whose folder the commands are typed."""

    def __init__(self, checkout: Checkout, folder: Path) -> None:
        self.checkout = checkout
        self.folder = folder
        self.run = self._trained()
        self.conditional = self._trained("model.conditional=true")
        if any("latent_filters" in str(shown) for shown in EXECUTED):
            short = ("dataset.limit=300", "training.epochs=1", "pictures=few", "pictures.final=[]")
            self._done("train", "-m", "sweep=latent_filters", "sweep.n_trials=1", *short)
        self._done("bundle", f"run={self.run}", f"out={folder / 'made.zip'}")
        for name in ("me.png", "you.png", *(f"images/{digit}/{digit}.png" for digit in "01")):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels(8, 8)).save(path)

    def arguments(self, shown: Shown) -> list[str]:
        """Those of a command, with what is there in place of its placeholders."""
        asks_a_class = any(word == "what=classes" or word.startswith("what.classes=") for word in shown.arguments)
        run = self.conditional if asks_a_class or "conditional" in str(shown) else self.run
        whole = [re.sub(r"<study>@champion", "latent_filters@champion", word) for word in shown.arguments]
        whole = [re.sub(r"<[^<>]*>", run, word) for word in whole]
        whole = [re.sub(r"=/path[\w/.]*", f"={self.folder / 'images'}", word) for word in whole]
        whole = [re.sub(r"^import=.*", f"import={self.folder / 'made.zip'}", word) for word in whole]
        short = [word for part, word in SHORT.items() if any(each.startswith(part) for each in shown.arguments)]
        return [*whole, *short, *(["training.epochs=1"] if shown.module == "pipeline.train" else [])]

    def _trained(self, *own: str) -> str:
        self._done("train", *SMALL, "tracking.experiment=mnist", *own)
        return str(self.checkout.runs("mnist")[0].info.run_id)

    def _done(self, command: str, *arguments: str) -> None:
        done = self.checkout.run(f"pipeline.{command}", *arguments)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def trained(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return Trained(checkout, tmp_path_factory.mktemp("typed"))


@pytest.mark.parametrize("shown", EXECUTED, ids=str)
@pytest.mark.slow
def test_a_command_upon_runs_works(trained: Trained, shown: Shown) -> None:
    done = trained.checkout.run(shown.module, *trained.arguments(shown), cwd=trained.folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("shown", COMPOSED, ids=str)
def test_any_other_command_composes(
    checkout: Checkout, composed: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    words = [re.sub(r"<[^<>]*>", "an_id", word).replace("…", "somewhere") for word in shown.arguments]
    for name in re.findall(r"oc\.env:(\w+)", " ".join(words)):
        monkeypatch.setenv(name, "postgresql://me@db/studies")
    overrides = [word for word in words if not word.startswith(("-", "from="))]
    if shown.module == "pipeline.train":
        config = composed(*_single(overrides))
        sweep = config.pop("sweep")
        config.pop("resume", None)
        config.pop("init", None)
        assert Setup.from_config(config)
        if "_target_" in sweep:
            sweep = {key: value for key, value in sweep.items() if key not in ("sampler", "points")}
            assert build(sweep, "sweep", ["optuna"], expected=StudySettings)
    elif shown.module == "pipeline.ui":
        pytest.skip("tests/commands/test_browser.py opens it")
    else:
        done = checkout.run(shown.module, *overrides, "--cfg", "job")
        assert done.returncode == 0, done.stderr


def _single(overrides: Sequence[str]) -> Iterator[str]:
    """The overrides with one value in place of several."""
    for each in OverridesParser.create().parse_overrides(list(overrides)):
        yield f"{each.input_line.partition('=')[0]}={_first(each)}" if each.is_sweep_override() else each.input_line


def _first(override: Override) -> str:
    if override.is_interval_sweep():
        return hydra_literal(override.value().start)
    return next(override.sweep_string_iterator())


@pytest.mark.parametrize(
    "block", [block for block in blocks("python") if block.page.parent.name == "api"], ids=lambda block: block.page.stem
)
def test_programs_of_the_api_pages_run(checkout: Checkout, block) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=checkout.root,
        env=checkout.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_other_programs_are_python() -> None:
    for block in blocks("python"):
        compile(block.text, block.page.name, "exec")


def test_what_no_test_runs_says_why() -> None:
    for block in blocks("sh|bash|shell|console"):
        if block.text.startswith(MARK.rstrip()):
            assert len((block.reason or "").split()) >= 3, f"{block.page}: {block.text.splitlines()[0]}"


def test_what_other_tests_stand_for_is_there() -> None:
    for told in ELSEWHERE.values():
        assert (ROOT / told.split()[0]).is_file()


def test_commands_are_found() -> None:
    assert ROOT / "README.md" in pages()
    assert {shown.module for shown in COMMANDS} >= {"pipeline.train", "pipeline.generate", "pipeline.compare"}
    assert Shown("pipeline.train", ("dataset=mnist", "model=conv")) in COMMANDS
