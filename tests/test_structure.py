"""The walls of the code: imports run one way, and each outside world has one door."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rooms import FENCES, STOREYS

from pipeline import ROOT

FILES = sorted((ROOT / "pipeline").rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "pipeline"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def storey_of(dotted: str) -> int:
    room = dotted.split(".")[1]
    return next(index for index, rooms in enumerate(STOREYS) if room in rooms)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    if module in {"pipeline.__init__"}:
        return
    for imported in imports(path):
        if imported.startswith("pipeline.") and imported not in {"pipeline.ROOT", "pipeline.__version__"}:
            assert storey_of(imported) <= storey_of(module), f"{module} imports {imported}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_each_outside_world_has_one_door(path: Path) -> None:
    for imported in imports(path):
        places = FENCES.get(imported.split(".")[0], ("",))
        assert name_of(path).startswith(places), f"{name_of(path)} imports {imported}"


def test_no_file_is_long_and_no_function_is() -> None:
    for path in FILES:
        source = path.read_text()
        assert len(source.splitlines()) <= 200, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                assert lines <= 40, f"{path}: {node.name} has {lines} lines"
                arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
                given = [each.arg for each in arguments if each.arg not in {"self", "cls"}]
                assert len(given) <= 6, f"{path}: {node.name} has the parameters {', '.join(given)}"


LIBRARIES = (
    *(
        "optuna",
        "hydra",
        "omegaconf",
        "mlflow",
        "keras",
        "tensorflow",
        "matplotlib",
        "plotly",
        "pydantic",
        "submitit",
        "ray",
    ),
)
OURS = {"self", "cls", "_StopRequest", "_Job", "space", "tile"}
"""Names of objects whose underscore names are this project's own, or public as those of a named tuple."""


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_private_names_of_libraries_stand_in_one_file_a_library(path: Path) -> None:
    if path.stem.endswith("_internals"):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            assert not [name for name in names if "._" in name], f"{name_of(path)} imports {names}"
        if isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            assert owner in OURS or ast.unparse(node) == "os._exit", f"{name_of(path)} uses {ast.unparse(node)}"


def test_text_is_never_executed() -> None:
    for path in FILES:
        called = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {node.id for node in called if isinstance(node, ast.Name)}
        assert not names & {"eval", "exec", "compile"}, path


SHAPE = re.compile(r"\[[^\]]*[A-Za-z][^\]]*\]")
"""The shape of an array in a docstring, such as [N, H, W, C] or [count]."""


def test_functions_of_arrays_tell_their_shapes() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text())
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        of_class = {id(node): each for each in classes for node in each.body}
        for node in [*tree.body, *(each for of_one in classes for each in of_one.body)]:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
                node.name.startswith("_") and node.name != "__init__"
            ):
                continue
            types = [each.annotation for each in (*node.args.args, *node.args.kwonlyargs)] + [node.returns]
            if not any("ndarray" in ast.unparse(each) for each in types if each):
                continue
            documented = of_class[id(node)] if node.name == "__init__" else node
            if documented.name.startswith("_"):
                continue
            assert SHAPE.search(ast.get_docstring(documented) or ""), f"{path}: {node.name} tells no shape"
