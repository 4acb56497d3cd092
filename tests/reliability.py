"""The page about faults, written from the tests that cause them: `python tests/reliability.py` writes it anew.

A test is a row of the page by `@pytest.mark.fault(group, fault)`; its docstring is what is promised.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
GROUPS = {
    "server": "The tracking server",
    "database": "Databases",
    "disk": "Disks",
    "kills": "Killed processes",
    "signals": "Signals",
    "memory": "Memory",
    "clock": "Clocks",
    "nodes": "Nodes and engines",
    "two commands": "Two commands at once",
    "folders": "Folders that moved or are missing",
    "deleted": "What a user deleted",
    "damaged": "Damaged and hostile files",
    "requests": "Requests to a served model",
}
"""The sections of the page, in their order."""
HEAD = """\
# Reliability

What can go wrong, what is promised then, and the test that causes the fault and sees the promise kept.
`python tests/reliability.py` writes this page from the docstrings of the tests; a test fails where the page says
anything else. {count} faults; `make test ARGS="-m fault"` causes all of them.
"""


@dataclass(frozen=True)
class Fault:
    """A fault, the promise, and the test of it."""

    group: str
    fault: str
    promise: str
    test: str


def faults() -> Iterator[Fault]:
    """All faults that tests cause."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fault":
                        group, fault = (ast.literal_eval(each) for each in decorator.args)
                        place = f"{path.relative_to(TESTS.parent)}::{node.name}"
                        yield Fault(group, fault, " ".join((ast.get_docstring(node) or "").split()), place)


def page() -> str:
    """The page."""
    known = list(faults())
    parts = [HEAD.format(count=len(known))]
    for group, title in GROUPS.items():
        rows = [f"| {each.fault} | {each.promise} | `{each.test}` |" for each in known if each.group == group]
        parts.append("\n".join([f"## {title}", "", "| fault | promise | test |", "| --- | --- | --- |", *rows, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
