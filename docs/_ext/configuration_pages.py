"""The reference of all settings, written from `conf/` and the signatures: a page for each group, a section for each option.

What a key is, and which values it takes, is said where the code checks it; its value here is what `--help` prints.
"""

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from annotated_yaml import AnnotatedYaml, Key
from signatures import meanings_of, types_in_words

from pipeline.config.composition import CONF
from pipeline.config.names import hydra_literal

GROUPS = {
    "dataset": "Data sets",
    "model": "Models",
    "likelihood": "Likelihoods",
    "objective": "Objectives",
    "objective/schedule": "Schedules of a weight",
    "training": "Training",
    "training/optimizer": "Optimizers",
    "training/schedule": "Schedules of the learning rate",
    "evaluation": "Evaluation",
    "pictures": "Pictures",
    "tracking": "Tracking",
    "sweep": "Studies",
    "sweep/sampler": "Samplers of a study",
    "sweep/pruner": "Pruners of a study",
    "hydra/launcher": "Launchers of jobs",
    "hydra/sweeper": "What -m calls",
    "experiment": "Presets",
    "commands/what": "What is generated",
}
"""The title of each folder of `conf/` that has options to choose from, in the order of reading."""

FOR_SEVERAL = {"sweep", "sweep/sampler", "sweep/pruner", "hydra/launcher", "hydra/sweeper"}
"""Groups that only a command with `-m` has a use for."""


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
            _meaning(told, key.comment, inherited=self._inherits(prefix)),
        )

    def _value(self, key: Key) -> str:
        node: Any = self.yaml.content
        for name in key.name.split("."):
            node = node[name]
        return "" if key.written is None else hydra_literal(node) if isinstance(node, list | dict) else key.written

    def _inherits(self, prefix: str) -> bool:
        return prefix == "" and "_target_" not in self.yaml.content


def options_of(group: str) -> list[Option]:
    """The options of a group, the default first."""
    files = sorted((CONF / group).glob("*.yaml"), key=lambda path: (path.stem != "default", path.stem))
    return [Option(path) for path in files]


def _located(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _meaning(told: str, comment: str, *, inherited: bool) -> str:
    """What the docstring says, and the comment of the file where that says more; of an inherited key it says what differs."""
    if inherited and comment:
        return _sentence(comment)
    words = set(re.findall(r"\w+", comment.lower()))
    if told and len(words & set(re.findall(r"\w+", told.lower()))) >= 0.7 * len(words):
        comment = ""
    return " ".join(_sentence(each) for each in (told, comment) if each)


def _sentence(text: str) -> str:
    text = text.rstrip(" .,")
    starts_with_name = re.match(r"[`$\w.]*[=_.(/][\w]", text)
    return (text if starts_with_name else text[:1].upper() + text[1:]) + "."


# Pages.


def pages() -> dict[str, str]:
    """The Markdown of each page by its name below `docs/configuration`."""
    written = {group.replace("/", "_").removeprefix("commands_"): _page(group) for group in GROUPS}
    return written | {"commands": _commands_page(), "index": _index(list(written))}


def _page(group: str) -> str:
    typed = group.removeprefix("commands/")
    several = " It belongs to commands with `-m`." if group in FOR_SEVERAL else ""
    command = "generate" if group.startswith("commands/") else "train"
    lines = [
        f"# {GROUPS[group]}: `{typed}`",
        "",
        f"An option is chosen with `{typed}=…` on the command line of `python -m pipeline.{command}`.{several}",
        "",
    ]
    if group == "dataset":
        lines += _section(Option(CONF / "bases" / "dataset.yaml"), "Of every data set")
    for option in options_of(group):
        lines += _section(option, f"`{option.path.stem}`")
    return "\n".join(lines)


def _section(option: Option, title: str) -> list[str]:
    text, commands = option.yaml.header
    lines = [f"## {title}", "", prose(text), ""]
    lines += ["```sh", *commands, "```", ""] if commands else []
    if option.yaml.is_global:
        return [*lines, "```yaml", option.yaml.body, "```", ""]
    if option.parent and option.parent.group == option.group:
        lines += [f"All other keys are those of `{option.parent.path.stem}`.", ""]
    subgroups = [f"`{option.group}/{name}={value}`" for name, value in option.subgroups.items()]
    lines += [f"It chooses {' and '.join(subgroups)}.", ""] if subgroups else []
    target = option.yaml.content.get("_target_")
    lines += [f"Its keys are the arguments of `{target}`.", ""] if target and option.rows else []
    lines += [f"It calls `{target}`, without arguments.", ""] if target and not option.rows else []
    return [*lines, *_table(option.rows)]


def _table(rows: list[Row]) -> list[str]:
    if not rows:
        return []
    typed = any(row.kind for row in rows)
    heads = ["key", *(["type"] if typed else []), "default", "meaning"]
    lines = [
        ":::{container} keys" + ("" if typed else " untyped"),
        "",
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
    ]
    for row in rows:
        cells = [
            f"`{row.key}`",
            *([row.kind] if typed else []),
            f"`{row.value}`" if row.value else "",
            prose(row.meaning),
        ]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return [*lines, "", ":::", ""]


def prose(text: str) -> str:
    """Text of a comment as Markdown: what looks like code is set as such, nothing is taken for markup."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if part.startswith("`") else _plain(part) for part in parts)


CODE = re.compile(
    r"(?<![\w/.])(?:[+]?[a-z_]+(?:[./][a-z_]+)*=[^\s,;)]*[^\s,;:.)]|conf/[\w/.]+|mlruns/[\w/.]*\w|[\w/]+\.(?:yaml|md|json|csv)\b|VAE_\w+|MLFLOW_\w+)"
)


def _plain(text: str) -> str:
    found, at = [], 0
    for code in CODE.finditer(text):
        found += [_escaped(text[at : code.start()]), f"`{code[0]}`"]
        at = code.end()
    return "".join([*found, _escaped(text[at:])])


def _escaped(text: str) -> str:
    return re.sub(r"([*_\[\]<>$\\])", r"\\\1", text)


def _commands_page() -> str:
    lines = [
        "# Commands",
        "",
        "Each command is `python -m pipeline.` and its name. `--help` prints its groups and keys.",
        "",
    ]
    for path in sorted((CONF / "commands").glob("*.yaml"), key=lambda path: (path.stem != "train", path.stem)):
        yaml = AnnotatedYaml(path)
        told = yaml.content["hydra"]["help"]
        lines += [f"## `{path.stem}`", "", prose(told["header"]), "", *_examples(told["footer"])]
        lines += _table([Row(key.name, "", _of_command(key), _sentence(key.comment)) for key in _keys_of_command(yaml)])
    return "\n".join(lines)


def _keys_of_command(yaml: AnnotatedYaml) -> Iterator[Key]:
    bases = [each for each in yaml.content["defaults"] if isinstance(each, str) and each.startswith("bases/")]
    bases = ["bases/store", *bases] if "bases/run" in bases else bases
    files = [AnnotatedYaml(CONF / "commands" / f"{base}.yaml") for base in bases]
    for file in (yaml, *files):
        for key in file.keys:
            if not key.name.startswith("references.") and key.written != "":
                yield key


def _of_command(key: Key) -> str:
    return key.written or ""


def _examples(footer: str) -> list[str]:
    blocks = re.findall(r"(?:^  .*\n?)+|^(?!Examples?:$).+(?:\n(?!  |Examples?:$).+)*", footer, re.MULTILINE)
    lines: list[str] = []
    for block in blocks:
        if block.startswith("  "):
            commands = [re.sub(r"(?<=\S) {4,}(?=\S)", "   # ", each[2:]) for each in block.splitlines()]
            lines += ["```sh", *commands, "```", ""]
        else:
            lines += [prose(block), ""]
    return lines


def _index(names: list[str]) -> str:
    rows = [
        f"| [{title}]({group.replace('/', '_').removeprefix('commands_')}.md) | `{group.removeprefix('commands/')}` | "
        f"{' '.join(f'`{option.path.stem}`' for option in options_of(group))} |"
        for group, title in GROUPS.items()
    ]
    return "\n".join(
        [
            "# Configuration",
            "",
            "All groups, options and keys, written from `conf/` and from the signatures that values are checked against.",
            "`group=option` chooses a file of `conf/`, `key=value` sets one of its keys, and `--help` prints what a command",
            "would use:",
            "",
            "```sh",
            "python -m pipeline.train dataset=mnist model=conv model.latent_dim=8 --help",
            "```",
            "",
            "Lists are written `[1,2]`, nothing is `null`, and what has brackets or spaces is quoted for the shell. Whatever",
            "has the wrong type or is out of range is refused before any image is loaded.",
            "",
            ":::{container} groups",
            "",
            "| | group | options |",
            "| --- | --- | --- |",
            *rows,
            "",
            ":::",
            "",
            "```{toctree}",
            ":hidden:",
            "",
            *names,
            "commands",
            "```",
            "",
        ]
    )
