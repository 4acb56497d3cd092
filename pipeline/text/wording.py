"""Words of messages: names that somebody else chose, made fit to be shown, lines of errors, numbers with nouns."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

DOTS = "…"
INVISIBLE = ("Cc", "Cf", "Co", "Cn")
"""Categories of characters that have no look, or turn the text around them: controls, marks of direction …"""
JOINERS = "\u200c\u200d"
"""Without these, letters of Persian and of Indian scripts are written wrongly."""
VARIANTS = {*map(chr, range(0xFE00, 0xFE10))}
"""Ask for a look of the character before them, such as an emoji in colours."""


def one_line(text: object) -> str:
    """Return the text without line breaks and invisible characters; bytes that are no UTF-8 become question marks.

    A text of which nothing is left becomes a middle dot, so that it can be seen that there is one.
    """
    words = " ".join(unicodedata.normalize("NFC", str(text)).split())
    seen = "".join(map(_seen, words)).strip()
    return seen if cell_len(seen) else "·"


def shortened(text: object, most: int) -> str:
    """Shorten the text to one line of so many cells (letters of East Asia take two); dots stand for its middle.

    Both ends stay, as names that are long tend to differ at their end.
    """
    line = one_line(text)
    if cell_len(line) <= most:
        return line
    begin = (most - 1) * 3 // 5
    end = most - 1 - begin
    return set_cell_size(line, begin).rstrip() + DOTS + set_cell_size(line[::-1], end)[::-1].lstrip()


def wrapped(text: str, most: int) -> list[str]:
    """Wrap the text into lines of at most so many cells; a word that is too long is broken."""
    return [line.plain.rstrip() for line in Text(text).wrap(Console(), max(1, most))]


def first_line(error: object) -> str:
    """Return the first line of an error's message, or the name of its kind where it has no message."""
    return str(error).partition("\n")[0] or type(error).__name__


def last_line(text: object) -> str:
    """Return the last line of a text that has words, without its full stop; empty where there is none."""
    return next((line.strip().rstrip(".") for line in reversed(str(text).splitlines()) if line.strip()), "")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which has an s unless there is one: 1 epoch, 2,000 epochs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def did_you_mean(name: str, known: Iterable[str], before: str = "") -> str:
    """Ask `Did you mean …? ` about the known name nearest to an unknown one; empty if none is near.

    Args:
        name: as given.
        known: names.
        before: what is put before the known name, such as the path that it is below.
    """
    meant = get_close_matches(name, list(known), n=1)
    return f"Did you mean {before}{meant[0]}? " if meant else ""


def _seen(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cs":  # how Python keeps a byte of a file's name that it cannot read
        return "\N{REPLACEMENT CHARACTER}"
    invisible = kind in INVISIBLE and character not in JOINERS
    return "" if invisible or character in VARIANTS else character
