"""Matplotlib as every picture finds it: whatever the user's files, variables and packages set for their own pictures.

To be imported before anything else imports matplotlib; `settle` then makes sure once more for each picture.
"""

import logging
import os
from contextlib import chdir
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ["MPLBACKEND"] = "agg"  # a name that matplotlib does not know here, such as a notebook's, ends its import
_FOUND: Any = find_spec("matplotlib")
with chdir(Path(_FOUND.origin).parent / "mpl-data"):  # it reads the first `matplotlibrc` that it finds, here its own
    import matplotlib as mpl

# Of fonts that stand in for missing letters it says how many weights they lack.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

FONTS = ["DejaVu Sans", "Last Resort High-Efficiency"]
"""Comes with matplotlib: what everything is written in, and boxes for letters that no font has."""

mpl.rcdefaults()  # somebody may have imported it before
mpl.use("agg")
_LIVE: Any = mpl.rcParams
_SETTINGS = {
    **_LIVE,
    "text.parse_math": False,  # a dollar sign in a name is no formula
    "font.family": FONTS,
}


def settle() -> None:
    """Undo what anybody set since the last picture, such as Optuna, which draws in a style of its own."""
    if any(_LIVE[key] != value for key, value in _SETTINGS.items()):
        _LIVE.update(_SETTINGS)


def write_in(families: list[str]) -> None:
    """Have these families write what the first one cannot."""
    _SETTINGS["font.family"] = [FONTS[0], *families, *FONTS[1:]]
    settle()


settle()
