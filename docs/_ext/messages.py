"""Every message with which a command refuses or warns, read from the code: its text, with … for what is filled in."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from pipeline import ROOT

UNKNOWN = "…"
MOST = 6
"""Alternatives of a message beyond which its varying part is shown as `UNKNOWN`."""


@dataclass(frozen=True, order=True)
class Message:
    """A message as it stands in the code.

    Attributes:
        file: below `pipeline/`.
        line: in it.
        text: with `UNKNOWN` in place of each value.
        is_warning: whether the command goes on.
    """

    file: str
    line: int
    text: str
    is_warning: bool


def messages() -> list[Message]:
    """All messages in the order of files and lines, each text once a file."""
    files = {path: ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "pipeline").rglob("*.py"))}
    raised = _refusals(files.values())
    found: dict[tuple[str, str], Message] = {}
    for path, tree in files.items():
        for message in _of_file(path.relative_to(ROOT / "pipeline").as_posix(), tree, raised):
            found.setdefault((message.file, message.text), message)
    return sorted(found.values())


def _refusals(trees: Sequence[ast.Module]) -> set[str]:
    """`InputError` and the classes below it."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"InputError"}
    while more := {name for name, above in bases.items() if above & known} - known:
        known |= more
    return known


def _of_file(file: str, tree: ast.Module, raised: set[str]) -> Iterator[Message]:
    for call, texts in _calls(tree):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if call.args and (name in raised or name == "warning"):
            for text in texts.of(call.args[0]):
                clean = _clean(text)
                if len(re.findall(r"[A-Za-z]{2,}", clean)) >= 4 and "()" not in clean:
                    yield Message(file, call.lineno, clean, is_warning=name == "warning")


def _clean(text: str) -> str:
    """The text in one line, with one `UNKNOWN` where several stand together."""
    line = " ".join(text.replace("%s", UNKNOWN).split())
    return re.sub(r"…(?:[\s.]*…)+", "…", line).strip()


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, "_Texts"]]:
    """Each call with the texts that are known where it stands."""
    module = _Texts(tree, None)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside: set[int] = set()
    for function in reversed(functions):  # the innermost first
        texts = _Texts(function, module)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and id(node) not in inside:
                inside.add(id(node))
                yield node, texts
    yield from ((node, module) for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) not in inside)


class _Texts:
    """What names and calls of a scope may stand for, where that is text written in this file."""

    def __init__(self, scope: ast.AST, module: "_Texts | None") -> None:
        self.module = module
        self.named: dict[str, list[ast.expr]] = {}
        self.returned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(scope) if module else getattr(scope, "body", []):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.named.setdefault(node.targets[0].id, []).append(node.value)
            if isinstance(node, ast.FunctionDef):
                returns = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
                self.returned[node.name] = returns

    def of(self, node: ast.expr, depth: int = 3) -> list[str]:
        """The texts that an expression may have."""
        found = list(dict.fromkeys(self._of(node, depth)))
        return found if len(found) <= MOST else [UNKNOWN]

    def _of(self, node: ast.expr, depth: int) -> list[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.FormattedValue) and node.format_spec is None:
            return self.of(node.value, depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([node.left, node.right], depth)
        if isinstance(node, ast.IfExp):
            return [*self.of(node.body, depth), *self.of(node.orelse, depth)]
        return self._alternatives(self._meant(node), depth) if depth else [UNKNOWN]

    def _meant(self, node: ast.expr) -> list[ast.expr]:
        """What a name was given, or a function of this file returns."""
        if isinstance(node, ast.Name):
            return self._known("named", node.id)
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        return self._known("returned", node.func.id) if called else []

    def _known(self, kind: str, name: str) -> list[ast.expr]:
        return getattr(self, kind).get(name) or (self.module._known(kind, name) if self.module else [])

    def _alternatives(self, nodes: list[ast.expr], depth: int) -> list[str]:
        return [text for node in nodes for text in self.of(node, depth - 1)] or [UNKNOWN]

    def _joined(self, nodes: Sequence[ast.expr], depth: int) -> list[str]:
        parts = [self.of(node, depth) for node in nodes]
        while (number := _product(parts)) > MOST:
            widest = max(range(len(parts)), key=lambda at: len(parts[at]))
            parts[widest] = [UNKNOWN]
        assert number
        return ["".join(each) for each in product(*parts)]


def _product(parts: Sequence[Sequence[str]]) -> int:
    number = 1
    for each in parts:
        number *= len(each)
    return number
