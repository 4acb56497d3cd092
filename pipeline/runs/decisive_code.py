"""The decisive code is that which decides what numbers a training comes to; its hash tells versions of it apart."""

import ast
import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pipeline import ROOT

DECISIVE = ("data", "models", "training", "evaluation", "latent", "runs/initial_weights.py", "runtime.py")
"""Modules and packages whose code decides what numbers a training comes to."""
INDIFFERENT = (
    "evaluation/scores.py",
    *(f"data/{name}.py" for name in ("cache_eviction", "cache_key", "cache_place", "cached_data", "image_cache")),
)
"""Modules among them that decide no number: those that name and rank the numbers, and those that keep images."""
LIBRARIES = ("tensorflow", "keras", "numpy")
"""Libraries whose version decides them too."""


@cache
def code_of(root: Path = ROOT / "pipeline") -> str:
    """Hash the syntax of the `DECISIVE` code, without comments and docstrings, and the versions of `LIBRARIES`."""
    places = [root / name for name in DECISIVE]
    files = [file for place in places for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]
    decisive = [file for file in files if file.relative_to(root).as_posix() not in INDIFFERENT]
    facts = [*map(_syntax, decisive), *(f"{library} {version(library)}" for library in LIBRARIES)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


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
