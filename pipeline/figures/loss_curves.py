"""Training curves: small multiples of the loss and its parts."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.figures.kit.canvas import blank, style_axes
from pipeline.figures.kit.style import INK, LINE, MUTED, SMALL, TEXT, TITLE, TRAINING_INK, VALIDATION_INK
from pipeline.metric_names import LOSS, of_epoch

History = Mapping[str, Sequence[float]]
"""Values of a metric, one an epoch, by its name, such as `train/epoch/loss`."""
PANELS = ("loss", "distortion", "rate", "elbo")
SPLITS = (("train", "training", TRAINING_INK), ("validation", "validation", VALIDATION_INK))
WIDTH = 480  # pixels of one panel with its labels
HEIGHT = 440  # pixels, likewise
TICKS = 8  # epochs that an axis numbers at most
DOTTED = 40  # epochs up to which each is a dot on its curve
REACH = 12.0  # how many distances from median to best beyond the median a value still belongs to the bulk
WORTH = 3.0  # how many times larger the axis shows the bulk for it to be worth cutting the rest


def losses(history: History, final_from: int | None = 0) -> Figure:
    """The course of loss, distortion, rate and, where recorded, the ELBO; nats per image, epochs counted from 1.

    Args:
        history: values by name, such as `train/epoch/loss`. Other names are left out.
        final_from: the first epoch, from 0, whose losses can be compared with later ones; None if there is none.

    Raises:
        ValueError: none of the names is known.
    """
    panels = [name for name in PANELS if any(of_epoch(split, name) in history for split, *_ in SPLITS)]
    if not panels:
        raise ValueError(f"history has {', '.join(history) or 'no metrics'}; expected metrics such as {LOSS}")
    columns = 2 if len(panels) == 4 else len(panels)
    rows = math.ceil(len(panels) / columns)
    figure = blank(columns * WIDTH, rows * HEIGHT)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    figure.suptitle("Training", x=0.01, ha="left", fontsize=TITLE, color=INK)
    best = best_epoch(history, final_from)
    for axes, name in zip(figure.subplots(rows, columns, squeeze=False).flat, panels, strict=True):
        _draw_panel(axes, name, history, best)
    lines = figure.axes[0].get_legend_handles_labels()
    figure.legend(*lines, ncols=2, loc="upper right", frameon=False, fontsize=TEXT, labelcolor=INK)
    return figure


def best_epoch(history: History, final_from: int | None = 0) -> int | None:
    """The epoch, from 1, with the lowest validation loss, or training loss without validation.

    None without either, and where no epoch counts: those before `final_from`, counted from 0, do not.
    """
    values = np.asarray(history.get(LOSS) or history.get(of_epoch("train", "loss")) or (), np.float64)
    counts = np.isfinite(values) & (np.arange(len(values)) >= (len(values) if final_from is None else final_from))
    return int(np.where(counts, values, np.inf).argmin()) + 1 if counts.any() else None


def robust_range(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    """Limits that show the bulk of all curves, each [E]: a few huge values at the start do not flatten the rest."""
    values = np.concatenate([np.asarray(curve, np.float64) for curve in curves])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    lowest, middle, highest = values.min(), np.median(values), values.max()
    bulk = values[(values >= middle - REACH * (highest - middle)) & (values <= middle + REACH * (middle - lowest))]
    low, high = bulk.min(initial=middle), bulk.max(initial=middle)
    if highest - lowest < WORTH * (high - low) or high == low:
        low, high = lowest, highest
    margin = 0.06 * (high - low) or 0.02 * abs(high) or 1.0
    return float(low - margin), float(high + margin)


def _draw_panel(axes: Axes, name: str, history: History, best: int | None) -> None:
    curves = [
        (np.asarray(history.get(of_epoch(split, name), ()), np.float64), word, ink) for split, word, ink in SPLITS
    ]
    last = max(len(values) for values, *_ in curves)
    for values, word, ink in curves:
        marker = "o" if len(values) <= DOTTED else ""
        axes.plot(np.arange(1, len(values) + 1), values, color=ink, marker=marker, markersize=3, label=word)
    margin = min(0.03 * last, 0.9) if last > 1 else 0.5
    axes.set(ylim=robust_range([values for values, *_ in curves]), xlim=(1 - margin, max(last, 1) + margin))
    inked = [(values, ink) for values, _, ink in curves]
    _point_beyond(axes, inked)
    axes.xaxis.set_major_locator(MaxNLocator(TICKS, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    style_axes(axes)
    axes.grid(color=LINE, linewidth=0.5, alpha=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("ELBO" if name == "elbo" else name, fontsize=TEXT + 1, color=INK, loc="left", pad=6)
    axes.set_xlabel("epoch", fontsize=TEXT, color=INK)
    axes.set_ylabel("nats per image", fontsize=TEXT, color=INK)
    if best is not None:
        _mark_best(axes, inked, best)


def _mark_best(axes: Axes, curves: Sequence[tuple[np.ndarray, str]], best: int) -> None:
    """A line at the best epoch, and on the last of the curves, each [E], that reaches it a ring and the value."""
    axes.axvline(best, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    reaching = [(values[best - 1], ink) for values, ink in curves if len(values) >= best]
    if reaching:
        value, ink = reaching[-1]
        axes.plot([best], [value], marker="o", markersize=8, markerfacecolor="none", color=ink, linestyle="")
        axes.set_title(f"best epoch {best}: {_number(value)}", fontsize=SMALL + 1, color=ink, loc="right", pad=6)


def _point_beyond(axes: Axes, curves: Sequence[tuple[np.ndarray, str]]) -> None:
    """Arrowheads where curves, each [E], leave the axes, and the value that is farthest out."""
    low, high = axes.get_ylim()
    inset = 0.025 * (high - low)
    for sign, edge, marker in ((1, high, "^"), (-1, low, "v")):
        out = [
            (np.flatnonzero(np.isfinite(values) & (sign * values > sign * edge)), values, ink) for values, ink in curves
        ]
        for where, _, ink in out:
            axes.plot(where + 1, np.full(len(where), edge - sign * inset), marker, markersize=5, color=ink)
        beyond = [(sign * values[i], values[i], i + 1) for where, values, _ in out for i in where]
        if beyond:
            last = max(epoch for *_, epoch in beyond)
            text = f"{'up' if sign > 0 else 'down'} to {_number(max(beyond)[1])}"
            beneath = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1}
            beside: dict[str, Any] = {"xytext": (6, 0), "textcoords": "offset points", "va": "center", "bbox": beneath}
            axes.annotate(text, (last, edge - sign * inset), fontsize=SMALL, color=MUTED, **beside)


def _number(value: float) -> str:
    """Thousands set apart, decimals only where they say something, a true minus sign."""
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}").replace("-", "\N{MINUS SIGN}")
