"""The options of `conf/`: of each file the keys, with type, value and meaning."""

import importlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from annotated_yaml import AnnotatedYaml, Key
from signatures import meanings_of, types_in_words

from pipeline.config.names import hydra_literal
from pipeline.places import CONF


@dataclass(frozen=True)
class Row:
    """A key as the reference shows it: its full name, its type in words, its value in the file and what it means."""

    key: str
    kind: str
    value: str
    meaning: str


class Option:
    """One file of a group."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.yaml = AnnotatedYaml(path)

    @property
    def group(self) -> str:
        return self.path.parent.relative_to(CONF).as_posix()

    @property
    def prefix(self) -> str:
        """What its keys begin with on the command line."""
        return {"bases": "dataset.", "commands/what": "what."}.get(self.group, f"{self.group.replace('/', '.')}.")

    @property
    def choice(self) -> str:
        """How it is chosen."""
        return f"{self.group.removeprefix('commands/')}={self.path.stem}"

    @cached_property
    def parent(self) -> "Option | None":
        """The option that it takes all other keys from."""
        for each in self.yaml.content.get("defaults", []):
            if isinstance(each, str) and each != "_self_" and not self.yaml.is_global:
                name = each.partition("@")[0]
                return Option(
                    (CONF / name.lstrip("/") if name[0] == "/" else self.path.parent / name).with_suffix(".yaml")
                )
        return None

    @property
    def subgroups(self) -> dict[str, str]:
        """What it chooses of the groups below."""
        lists = [each for each in self.yaml.content.get("defaults", []) if isinstance(each, dict)]
        return {
            name.removeprefix("override ").lstrip("/"): str(value) for each in lists for name, value in each.items()
        }

    def target(self, prefix: str = "") -> str | None:
        """The dotted path of what the mapping below a prefix is given to."""
        node: Any = self.yaml.content
        for name in prefix.split(".")[:-1]:
            node = node.get(name, {})
        return node.get("_target_") or (self.parent.target(prefix) if self.parent else None)

    @cached_property
    def rows(self) -> list[Row]:
        """The keys that are set in this file."""
        return [self._row(key) for key in self.yaml.keys]

    def _row(self, key: Key) -> Row:
        prefix, short = key.name[: key.name.rfind(".") + 1], key.name.rpartition(".")[2]
        target = self.target(prefix)
        called = _located(target) if target else None
        told = meanings_of(called).get(short, "") if called else ""
        kind = types_in_words(called).get(short, "") if called else ""
        if key.written is None:
            kind = f"`{self.target(f'{key.name}.')}`"
        return Row(
            f"{self.prefix}{key.name}",
            kind,
            self._value(key),
            _meaning(told, self._comment(key.name), inherited=prefix == "" and "_target_" not in self.yaml.content),
        )

    def _comment(self, name: str) -> str:
        """What is written beside a key, here or where it is inherited from."""
        own = next((key.comment for key in self.yaml.keys if key.name == name), "")
        return own or (self.parent._comment(name) if self.parent else "")

    def _value(self, key: Key) -> str:
        node: Any = self.yaml.content
        for name in key.name.split("."):
            node = node[name]
        return "" if key.written is None else hydra_literal(node) if isinstance(node, list | dict) else key.written


def options_of(group: str) -> list[Option]:
    """The options of a group, the default first."""
    files = sorted((CONF / group).glob("*.yaml"), key=lambda path: (path.stem != "default", path.stem))
    return [Option(path) for path in files]


def _located(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _meaning(told: str, comment: str, *, inherited: bool) -> str:
    """The comment of the file or, where that says much more, the docstring; of an inherited key the comment."""
    text = comment if comment and (inherited or 1.5 * len(comment) > len(told)) else told
    return sentence(text) if text else ""


def sentence(text: str) -> str:
    text = text.rstrip(" .,")
    starts_with_name = re.match(r"[`$\w.]*[=_.(/][\w]", text)
    return (text if starts_with_name else text[:1].upper() + text[1:]) + "."
