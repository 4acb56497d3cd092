"""Matplotlib with the same settings for every figure, whatever the user's files, variables and packages set.

This is to be imported before anything else imports matplotlib, as Keras does; `settle` makes sure once more for
each figure.
"""

import logging
import math
import os
from contextlib import chdir
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ["MPLBACKEND"] = "agg"  # a name that matplotlib does not know here, such as a notebook's, ends its import
_FOUND: Any = find_spec("matplotlib")
with chdir(Path(_FOUND.origin).parent / "mpl-data"):  # it reads the first `matplotlibrc` that it finds, here its own
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter, LogFormatterMathtext

# It would say of fonts that stand in for missing letters how many weights they lack.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

FONTS = ["DejaVu Sans", "Last Resort High-Efficiency"]
"""Comes with matplotlib: what everything is written in, and boxes for letters that no font has."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

mpl.rcdefaults()  # somebody may have imported it before
mpl.use("agg")
_LIVE: Any = mpl.rcParams
_SETTINGS = {
    **_LIVE,
    "text.parse_math": False,  # a dollar sign in a name is no formula
    "font.family": FONTS,
}


def settle() -> None:
    """Undo what anybody set since the last figure, such as Optuna, which draws in a style of its own."""
    if any(_LIVE[key] != value for key, value in _SETTINGS.items()):
        _LIVE.update(_SETTINGS)


def literal_ticks(figure: Figure) -> None:
    """Have logarithmic axes, which write their numbers as formulas, write them as text."""
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_formatter(), LogFormatterMathtext):
            axis.set_major_formatter(lambda value, _: _power_of_ten(value))
        if isinstance(between := axis.get_minor_formatter(), LogFormatterMathtext):
            plain = LogFormatter(labelOnlyBase=between.labelOnlyBase, minor_thresholds=between.minor_thresholds)
            axis.set_minor_formatter(plain)


def _power_of_ten(value: float) -> str:
    """A power of ten as `10⁻³`; nothing for another number."""
    exponent = round(math.log10(value)) if value > 0 else 0
    return "10" + str(exponent).translate(RAISED) if math.isclose(value, 10.0**exponent) else ""


def write_in(families: list[str]) -> None:
    """Have these families write what the first one cannot."""
    _SETTINGS["font.family"] = [FONTS[0], *families, *FONTS[1:]]
    settle()


settle()
