"""`--help` of each command: the groups that it lists are those that the command can choose from, with their options."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import Checkout

from pipeline.config.names import Config
from pipeline.places import CONF

OF_TRAINING = {"dataset", "evaluation", "experiment", "likelihood", "model", "objective", "objective/schedule"}
OF_TRAINING |= {"pictures", "sweep", "sweep/pruner", "sweep/sampler"}
OF_TRAINING |= {"tracking", "training", "training/optimizer", "training/schedule"}
GROUPS = {"train": OF_TRAINING, "evaluate": {"evaluation"}, "generate": {"what"}}
GROUPS |= {command: set() for command in ("compare", "reproduce", "serve", "study", "verify")}


def groups_of(text: str) -> dict[str, list[str]]:
    """The options of each group in a help text."""
    lines = text.partition("Groups, chosen with group=option:\n")[2].partition("\n\n")[0].splitlines()
    return {group: options.split(", ") for group, _, options in (line.partition(": ") for line in lines)}


@pytest.mark.parametrize("command", GROUPS)
def test_help_lists_the_groups_of_the_command_alone(checkout: Checkout, command: str) -> None:
    done = checkout.run(f"pipeline.{command}", "--help")
    assert done.returncode == 0, done.stderr
    listed = groups_of(done.stdout)
    assert set(listed) == GROUPS[command]
    root = CONF / "commands" if command == "generate" else CONF
    for group, options in listed.items():
        assert options == sorted(file.stem for file in (root / group).glob("*.yaml"))
    keys = "storage:" if command == "study" else "tracking:\n"  # where the command finds what it reads
    for part in ("Keys, set with key=value:\n\n", keys, f"python -m pipeline.{command}"):
        assert part in done.stdout


@pytest.mark.parametrize("group", sorted(OF_TRAINING))
def test_every_option_that_training_lists_can_be_chosen(composed: Callable[..., Config], group: str) -> None:
    study = ["sweep=study", "sweep.study=mine"] if group.startswith("sweep/") else []
    named = ["sweep.study=mine"] if group == "sweep" else []
    for file in (CONF / group).glob("*.yaml"):
        own = named if file.stem == "study" else []
        assert composed(f"{group}={file.stem}", *study, *own), file


def test_options_of_ones_own_are_listed_too(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mine.yaml").write_text("# Mine.\ndefaults: [digits]\nname: mine\n")
    done = checkout.train("--config-dir", str(tmp_path), "--help")
    assert "mine" in groups_of(done.stdout)["dataset"]


def test_help_of_a_study_shows_its_keys(checkout: Checkout) -> None:
    done = checkout.train("--help", "sweep=study", "sweep.study=mine")
    assert "  n_trials: 30\n" in done.stdout


def test_a_reader_of_the_help_may_stop_early(checkout: Checkout) -> None:
    done = subprocess.run(
        f"{sys.executable} -m pipeline.train --help | head -1",
        shell=True,
        cwd=checkout.root,
        env=checkout.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout == "Train a variational autoencoder and record it in MLflow.\n"
    assert done.stderr == ""
