"""Fonts for letters that the usual one lacks: another that is installed, or boxes and a word of it."""

import logging
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, lru_cache

from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font

from pipeline.plotting import FONTS, write_in
from pipeline.text.wording import shortened

log = logging.getLogger(__name__)
EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO")
"""How the names begin that Unicode gives to letters of Chinese, Japanese and Korean."""
LETTERS_TOLD = 12  # that the message shows at most

_asked: set[str] = set()  # letters that were looked for
_families: list[str] = []  # that have some of them
_missing: set[str] = set()  # letters that none has


def provide(texts: Iterable[str]) -> None:
    """Have texts written in whatever fonts it takes. Says once in a process which letters no font has."""
    new = set().union(*texts) - _asked
    _asked.update(new)
    lacking = {letter for letter in new if not _writes(FONTS[0], letter)}
    if not lacking:
        return
    for family in [*_families, *_others()]:
        found = {letter for letter in lacking if _writes(family, letter)}
        if found and family not in _families:
            _families.append(family)
            write_in(_families)
        lacking -= found
        if not lacking:
            return
    if not _missing:
        _tell(sorted(lacking))
    _missing.update(lacking)


def _tell(letters: list[str]) -> None:
    shown = " ".join(letters[:LETTERS_TOLD]) + (" …" if len(letters) > LETTERS_TOLD else "")
    packages = " ".join(sorted({_package(letter) for letter in letters}))
    log.warning("Pictures show boxes for letters that no font here has: %s. On Debian: apt install %s", shown, packages)


def _package(letter: str) -> str:
    """The package of Debian's that has it."""
    if unicodedata.category(letter) in ("So", "Sk"):
        return "fonts-symbola"
    return "fonts-noto-cjk" if unicodedata.name(letter, "").startswith(EAST_ASIAN) else "fonts-noto-core"


@cache
def _others() -> list[str]:
    """Families that are installed; plain ones without serifs first."""
    known = {entry.fname for entry in fontManager.ttflist}
    for path in sorted({*findSystemFonts()} - known):  # installed since matplotlib noted what there is
        with suppress(OSError, RuntimeError):  # no font, or none that FreeType can read
            fontManager.addfont(path)
    names = {entry.name for entry in fontManager.ttflist if entry.style == "normal"} - {*FONTS}
    return sorted(names, key=lambda name: ("Noto Sans" not in name, "Sans" not in name, name))


@cache
def _file(family: str) -> str:
    return str(findfont(FontProperties(family=[family])))


def _writes(family: str, letter: str) -> bool:
    font = get_font(_file(family))
    return bool(font.scalable and "color" not in family.lower() and font.get_char_index(ord(letter)))


def drawable(text: str, most: int) -> str:
    """The text as a figure draws it: on one line of at most so many cells, with a font for each letter."""
    return drawables([text], most)[0]


def drawables(texts: Iterable[str], most: int) -> list[str]:
    """Several texts as a figure draws them; their letters are looked for together."""
    lines = [_shortened(text, most) for text in texts]
    provide(lines)
    return lines


_shortened = lru_cache(8192)(shortened)
