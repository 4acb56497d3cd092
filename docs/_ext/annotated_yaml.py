"""A YAML file of `conf/` as people read it: its header, and each key with its value and the comment beside it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Key:
    """A key of a file.

    Attributes:
        name: dotted, from the top of the file.
        written: the value as it stands in the file; None where the key holds others.
        comment: beside it, on its own line and those that go on below.
    """

    name: str
    written: str | None
    comment: str


class AnnotatedYaml:
    """A file, and what is written in it beside what YAML reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text("utf-8")
        self.lines = self.text.splitlines()
        self.content: dict[str, Any] = yaml.safe_load(self.text) or {}

    @property
    def is_global(self) -> bool:
        """Whether it sets keys of any group, as presets do."""
        return self.lines[0] == "# @package _global_"

    @cached_property
    def header(self) -> tuple[str, list[str]]:
        """The text at its head, and the commands there, which are indented."""
        text, commands = [], []
        for line in self.lines:
            if not line.startswith("#"):
                break
            if line.startswith("# @package"):
                continue
            if line.startswith("#   "):
                commands.append(re.sub(r"(?<=\S) {4,}(?=\S)", "   # ", line[4:]))
            else:
                text.append(line[2:])
        return " ".join(text), commands

    @property
    def body(self) -> str:
        """The file without its header."""
        start = next((at for at, line in enumerate(self.lines) if not line.startswith("#")), len(self.lines))
        return "\n".join(self.lines[start:])

    @cached_property
    def keys(self) -> list[Key]:
        """The keys in their order, but for `defaults` and `_target_`; a mapping without words in it is one value."""
        root = yaml.compose(self.text)
        return list(self._keys(root, "", own=True)) if isinstance(root, yaml.MappingNode) else []

    def _keys(self, node: yaml.MappingNode, prefix: str, *, own: bool = False) -> Iterator[Key]:
        for name, value in node.value:
            if name.value in ("defaults", "_target_", "hydra") and (own or name.value == "_target_"):
                continue
            dotted = f"{prefix}{name.value}"
            below = list(self._keys(value, f"{dotted}.")) if isinstance(value, yaml.MappingNode) else []
            if _has_target(value) or any(key.comment for key in below):
                yield Key(dotted, None, self._comment(name.end_mark))
                yield from below
            else:
                written = self.text[value.start_mark.index : value.end_mark.index].strip()
                beside = value if value.start_mark.line == name.start_mark.line else name
                yield Key(dotted, written, self._comment(beside.end_mark))

    def _comment(self, end: yaml.Mark) -> str:
        """What stands behind the end of a value, and in the lines of comment below it that are indented as far."""
        rest = self.lines[end.line][end.column :].lstrip(": ") if end.line < len(self.lines) else ""
        if not rest.startswith("#"):
            return ""
        found = [rest.lstrip("# ")]
        for line in self.lines[end.line + 1 :]:
            if not re.match(rf" {{{max(1, end.column)},}}#", line):
                break
            found.append(line.strip("# "))
        return " ".join(found)


def _has_target(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode) and any(name.value == "_target_" for name, _ in node.value)
