"""The decisive code is that which decides what numbers a training comes to; its hash tells versions of it apart."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pipeline import ROOT
from pipeline.process.source_code import hash_of_packages, syntax_of

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
    facts = [*map(syntax_of, decisive), *(f"{library} {version(library)}" for library in LIBRARIES)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def code_with(trusted: Sequence[str]) -> str:
    """Hash the `DECISIVE` code together with that of trusted packages, which are the user's own.

    It is known once per process, which goes on with the code that it has imported.

    Args:
        trusted: the names of the packages; without any, the hash is `code_of()`.
    """
    return _code_with(tuple(trusted)) if trusted else code_of()


@cache
def _code_with(trusted: tuple[str, ...]) -> str:
    return hashlib.sha256(f"{code_of()} {hash_of_packages(trusted)}".encode()).hexdigest()
