"""Source code is compared by its syntax, so that neither comments nor docstrings make it another."""

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

_INSTALLED = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]


def hash_of_packages(packages: Sequence[str]) -> str:
    """Hash the code of packages as it would be imported here: their syntax, or the version of those that are installed.

    Args:
        packages: names of packages or modules, in any order; one that is not found counts, too.
    """
    # Of a part the whole, as to find a part of a package would import what is around it.
    whole = {package.partition(".")[0] for package in packages}
    facts = [fact for package in sorted(whole) for fact in _facts(package)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def is_found(package: str) -> bool:
    """Tell whether a package could be imported here."""
    return _spec(package.partition(".")[0]) is not None


def _spec(package: str) -> ModuleSpec | None:
    try:
        return find_spec(package)
    except (ImportError, ValueError):
        return None


def _facts(package: str) -> Iterator[str]:
    yield package
    files = _files(package)
    if any(file.is_relative_to(place) for file in files for place in _INSTALLED):
        yield from sorted({f"{name} {version(name)}" for name in packages_distributions().get(package, [])})
    elif package not in sys.stdlib_module_names:
        yield from map(syntax_of, files)


def _files(package: str) -> list[Path]:
    spec = _spec(package)
    if spec is None:
        return []
    if spec.submodule_search_locations is None:
        return [Path(spec.origin)] if spec.has_location and spec.origin else []
    places = [Path(place) for place in spec.submodule_search_locations]
    return sorted(file for place in places for file in place.rglob("*.py") if _is_source(file.relative_to(place), file))


def _is_source(path: Path, file: Path) -> bool:
    """Tell whether a file is no leftover of an editor or a notebook, in a hidden folder or a link to nowhere."""
    return not any(part.startswith(".") for part in path.parts) and file.is_file()


def syntax_of(path: Path) -> str:
    """Give the syntax of a Python file, without comments and docstrings; the text of a file that has an error."""
    try:
        text = path.read_text("utf-8", "backslashreplace")
    except OSError as error:  # which whoever imports it meets
        return f"{path.name}: {error.strerror}"
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return text
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [each for each in node.body if not _is_text(each)]
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    """Tell whether a statement is a docstring, of an attribute too."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
