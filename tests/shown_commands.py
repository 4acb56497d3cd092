"""The commands that README, docs and the configs show, as what a test can run."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline import ROOT

MARK = "# Not tried by the tests: "
"""The first line of a block of commands that no test runs; what follows tells readers why.

The paragraph before the block may say it instead, if it has the words "no test".
"""

SHELL = {"read", "cd", "export", "source", ".", "mkdir", "cat", "ls", "cp", "git"}
"""What a shell does by itself, and git, whose commands are not this project's to test."""

ELSEWHERE = {"curl": "tests/commands/test_serve.py sends such requests"}
"""Programs that other tests stand for."""

WITHOUT_COMMAND = {"setup", "test", "test-all", "check", "docs", "format", "bench", "lock", "audit", "help"}
WITHOUT_COMMAND |= {"clean", "clean-cache", "dashboard", "ui"}
"""Targets of the Makefile that are no command of the pipeline; that they exist is all that is tested here."""


@dataclass(frozen=True)
class Block:
    """A block of commands on a page, and the paragraph before it."""

    page: Path
    text: str
    before: str

    @property
    def reason(self) -> str | None:
        """Why no test runs it, in the words that its readers see."""
        first = self.text.splitlines()[0] if self.text else ""
        if first.startswith(MARK):
            return first.removeprefix(MARK)
        return self.before if re.search(r"\bno\s+test\b", self.before, re.IGNORECASE) else None


@dataclass(frozen=True)
class Shown:
    """A command of the pipeline: its module and arguments, with placeholders such as `<run>` as they are shown."""

    module: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join([self.module.removeprefix("pipeline."), *self.arguments])


def pages() -> list[Path]:
    """README and the pages of `docs/` that are written by hand."""
    written = (ROOT / "docs" / "configuration", ROOT / "docs" / "errors.md")
    found = sorted((ROOT / "docs").rglob("*.md"))
    return [ROOT / "README.md", *(page for page in found if not {page, *page.parents} & set(written))]


def blocks(language: str) -> list[Block]:
    """All blocks of a language."""
    fence = re.compile(rf"^( *)```(?:{language})\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
    written = {page: page.read_text("utf-8") for page in pages()}
    return [
        Block(page, found[2], text[: found.start()].rstrip().rpartition("\n\n")[2])
        for page, text in written.items()
        for found in fence.finditer(text)
    ]


@cache
def shown_commands() -> list[Shown]:
    """Each command once; a program that no test knows is a mistake of the page."""
    found: dict[Shown, None] = {}
    for block in [*blocks("sh|bash|shell|console"), *_headers()]:
        if block.reason is None:
            for words in _commands(block.text):
                found |= dict.fromkeys(_shown(block.page, words))
    return list(found)


def _headers() -> Iterator[Block]:
    """The commands at the head of each file of `conf/`, and the examples of each `--help`, without remarks on them."""
    command = re.compile(r"^(?:#   |        )((?:make|python -m) (?:.*\\\n#   )*.*)$", re.MULTILINE)
    for path in sorted((ROOT / "conf").rglob("*.yaml")):
        lines = "\n".join(command.findall(path.read_text("utf-8"))).replace("\n# ", "\n")
        yield Block(path, re.sub(r"(?<=\S) {4,}(?=\S).*", "", lines), "")


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each command, whose placeholders with spaces are one word."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        whole = re.sub(r"<[^<>]*>", lambda found: found[0].replace(" ", "_"), line)
        words = shlex.shlex(whole, posix=True, punctuation_chars="&|;")
        words.whitespace_split, words.commenters = True, "#"
        command: list[str] = []
        for word in [*words, ";"]:
            if word in {"&&", "||", ";", "|", "&"}:
                yield from [command] if command else []
                command = []
            elif command or not re.fullmatch(r"[A-Z_]+=.*", word, re.DOTALL):  # a variable before a command
                command.append(word)


def _shown(page: Path, words: list[str]) -> list[Shown]:
    program, *arguments = words
    if program in SHELL or program in ELSEWHERE:
        return []
    if program == "make":
        return _made(page, arguments)
    if program in _scripts():
        return [Shown(_scripts()[program], tuple(arguments))]
    if re.fullmatch(r"(?:.*/)?python[\d.]*", program):
        arguments = [each for each in arguments if each != "-P"]
        if arguments[:1] == ["-m"] and arguments[1].startswith("pipeline."):
            return [Shown(arguments[1], tuple(arguments[2:]))]
    raise AssertionError(
        f"{page.relative_to(ROOT)} shows a command that no test runs: {shlex.join(words)}. Begin its block with a line "
        f"that tells readers why: {MARK}<reason>, or say before it why no test runs it"
    )


def _made(page: Path, arguments: list[str]) -> list[Shown]:
    """What a target of the Makefile runs."""
    planned = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert planned.returncode == 0, f"{page.relative_to(ROOT)}: make {shlex.join(arguments)}: {planned.stderr}"
    run = [line for line in planned.stdout.splitlines() if "-m pipeline." in line]
    if not run or arguments[0] in WITHOUT_COMMAND:
        assert arguments[0] in WITHOUT_COMMAND, f"{page.relative_to(ROOT)}: make {shlex.join(arguments)} runs nothing"
        return []
    return [shown for words in _commands(run[-1]) for shown in _shown(page, words)]


@cache
def _scripts() -> dict[str, str]:
    """The modules of the commands that an installation adds, by their names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {name: target.partition(":")[0] for name, target in project.get("scripts", {}).items()}
