"""The key by which two trainings are known to be the same, so that one of them need not be done."""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path

from pipeline import ROOT
from pipeline.config.names import Config, flatten
from pipeline.runs.record import GROUPS

IRRELEVANT = ("dataset.dir", "training.runtime.threads")
"""Settings that change no number, but for the last bits."""
DECISIVE = ("data", "models", "training", "evaluation", "latent/encoding.py", "runs/initial_weights.py", "runtime.py")
"""Modules and packages whose code decides what numbers a training comes to."""
NAMES = "evaluation/scores.py"
"""The module among them that only names and ranks these numbers."""


def training_key(config: Config, fingerprint: str) -> str | None:
    """Return a hash that equal settings, data and code have in common; None where the user's code takes part.

    Args:
        config: composed and resolved.
        fingerprint: of the data.
    """
    if config["trusted"]:
        return None
    # With targets: an Adam and a Nadam of the same settings are two optimizers.
    settings = flatten({name: config[name] for name in (*GROUPS, "evaluation")}, targets=True)
    numbers = {key: value for key, value in settings.items() if key not in IRRELEVANT}
    facts = json.dumps([numbers, config.get("init"), fingerprint, code_of()], sort_keys=True, default=str)
    return hashlib.sha256(facts.encode()).hexdigest()


@cache
def code_of(root: Path = ROOT / "pipeline") -> str:
    """A hash of the syntax of the `DECISIVE` code, which comments and docstrings are no part of."""
    places = [root / name for name in DECISIVE]
    files = [file for place in places for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]
    files.remove(root / NAMES)
    return hashlib.sha256("\n".join(map(_syntax, files)).encode()).hexdigest()


def _syntax(path: Path) -> str:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [each for each in node.body if not _is_text(each)]
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    """Whether it is a docstring, of an attribute too."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
