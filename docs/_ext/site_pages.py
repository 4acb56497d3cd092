"""The Sphinx extension of this site: it writes the generated pages, and prepares what Sphinx would take otherwise."""

import re
from collections import _tuplegetter
from pathlib import Path
from typing import Any

import configuration_pages
import error_page
from sphinx.application import Sphinx

WRITTEN = ("configuration", "errors.md")
"""What is written anew by each build, below `docs/`."""


def write(app: Sphinx) -> None:
    """Write the pages before Sphinx looks for pages; one that has not changed is left alone, and not read anew."""
    docs = Path(app.srcdir)
    written = {docs / "configuration" / f"{name}.md": text for name, text in configuration_pages.pages().items()}
    for old in set((docs / "configuration").glob("*.md")) - set(written):
        old.unlink()
    for path, text in (written | {docs / "errors.md": error_page.page()}).items():
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def expanded_patterns(app: Sphinx, name: str, source: list[str]) -> None:
    """Put pages in place of the patterns of the table of contents, each once; one that matches no page is left out."""
    if name == "index":
        docs, lines, seen = Path(app.srcdir), [], set()
        for line in source[0].splitlines():
            is_pattern = "*" in line and " " not in line
            found = [path.relative_to(docs).with_suffix("").as_posix() for path in sorted(docs.glob(f"{line}.md"))]
            lines += [each for each in found if each not in seen] if is_pattern else [line]
            seen |= {*found, line}
        source[0] = re.sub(r"```{toctree}\n(?::.*\n)+\n```\n", "", "\n".join(lines) + "\n")


def literal_bars(*arguments: Any) -> None:
    """Keep bars of formulas in docstrings, the last of the arguments, which reStructuredText would take for markup."""
    lines: list[str] = arguments[-1]
    for at, line in enumerate(lines):
        parts = re.split(r"(`+[^`]*`+)", line)
        lines[at] = "".join(part if part.startswith("`") else re.sub(r"(?<!\\)\|", r"\\|", part) for part in parts)


def without_aliases(*arguments: Any) -> bool | None:
    """Leave out the fields of a named tuple, which its docstring has told."""
    return True if isinstance(arguments[3], _tuplegetter) else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect them."""
    app.connect("builder-inited", write)
    app.connect("source-read", expanded_patterns)
    app.connect("autodoc-process-docstring", literal_bars)
    app.connect("autodoc-skip-member", without_aliases)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
