"""Markdown in which names are data: whatever is in them, they read as they are and break nothing around them."""

import re
from collections.abc import Iterable, Sequence

from pipeline.text.wording import one_line

_SIGNS = re.compile(r"[\\`*\[\]<>|~&@#!$]|:(?=\S)|(?<!\w)_|_(?!\w)")
"""What means something to some reader of Markdown; before more text, a colon begins `:emoji:` and ends `http:`."""


def literal(text: object) -> str:
    """Return the text on one line, its signs as HTML entities, which no reader takes for Markdown."""
    return _SIGNS.sub(_entity, one_line(text)) if str(text) else ""


def paragraphs(text: object) -> str:
    """Return each line of the text as a paragraph of its own, as `literal`."""
    return "\n\n".join(re.sub(r"^[-+=\d]", _entity, literal(line)) for line in str(text).splitlines() if line.strip())


def code(text: str) -> str:
    """Return the text as a block of code, behind a fence longer than any in it."""
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text)), 0)
    return f"{fence}\n{text}\n{fence}"


def table(rows: Iterable[Iterable[str]], *, align: Sequence[str] = ()) -> str:
    """Return a Markdown table of a heading and rows; cells that are data must be given as `literal`.

    Args:
        rows: the heading first.
        align: one a column, such as `---:`; the rest is flush left.
    """
    head, *body = [list(row) for row in rows]
    rule = [*align, *["---"] * (len(head) - len(align))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def _entity(sign: re.Match[str]) -> str:
    return f"&#{ord(sign[0])};"
