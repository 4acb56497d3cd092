"""Training curves: small multiples of the loss and its parts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, place
from pipeline.figures.kit.style import INK, LINE, MUTED, SMALL, TEXT, TITLE, TRAIN, VALIDATION
from pipeline.metric_names import EPOCH, LOSS

PANELS = ("loss", "distortion", "rate", "elbo")
SPLITS = (("train", "training", TRAIN), ("validation", "validation", VALIDATION))
WIDTH, HEIGHT = 380, 340  # pixels of one panel
BETWEEN_X, BETWEEN_Y = 84, 92  # pixels from one panel to the next, its labels among them
REACH = 12.0  # how many distances from median to best beyond the median a value still belongs to the bulk
WORTH = 3.0  # how many times larger the axis shows the bulk for it to be worth cutting the rest


def losses(history: Mapping[str, Sequence[float]], title: str = "Training") -> Figure:
    """The course of loss, distortion, rate and, where recorded, the ELBO; nats per image, epochs counted from 1.

    Args:
        history: by name, such as `epoch/train/loss`, one value an epoch. Names of other metrics are left out.
    """
    best = best_epoch(history)
    panels = [name for name in PANELS if any(f"{EPOCH}{split}/{name}" in history for split, *_ in SPLITS)]
    if not panels:
        raise ValueError(f"history has {', '.join(history) or 'no metrics'}; expected metrics such as {LOSS}")
    columns = 2 if len(panels) == 4 else len(panels)
    rows = -(-len(panels) // columns)
    figure = blank(EDGE + columns * (WIDTH + BETWEEN_X), TOP + rows * (HEIGHT + BETWEEN_Y))
    for index, name in enumerate(panels):
        row, column = divmod(index, columns)
        left, top = EDGE + 56 + column * (WIDTH + BETWEEN_X), TOP + 30 + row * (HEIGHT + BETWEEN_Y)
        _panel(place(figure, left, top, WIDTH, HEIGHT), name, history, best)
    _head(figure, figure.axes[0], title)
    return figure


def best_epoch(history: Mapping[str, Sequence[float]]) -> int | None:
    """The epoch, from 1, with the lowest validation loss, or training loss without validation; None without either."""
    losses = [history.get(name, ()) for name in (LOSS, f"{EPOCH}train/loss")]
    values = np.asarray(next((values for values in losses if len(values)), ()), np.float64)
    finite = np.isfinite(values)
    return int(np.where(finite, values, np.inf).argmin()) + 1 if finite.any() else None


def robust_range(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    """Limits that show the bulk of all curves: a few huge values at the start do not flatten what follows."""
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


def _panel(axes: Axes, name: str, history: Mapping[str, Sequence[float]], best: int | None) -> None:
    curves = [
        (np.asarray(history.get(f"{EPOCH}{split}/{name}", ()), np.float64), word, ink) for split, word, ink in SPLITS
    ]
    low, high = robust_range([values for values, *_ in curves])
    last = max(len(values) for values, *_ in curves)
    for values, word, ink in curves:
        epochs = np.arange(1, len(values) + 1)
        marker = "o" if len(values) <= 40 else ""
        axes.plot(epochs, values, color=ink, linewidth=1.5, marker=marker, markersize=3, label=word)
    axes.set(ylim=(low, high), xlim=(1 - 0.03 * last, last + 0.03 * last) if last > 1 else (0.5, 1.5))
    _point_beyond(axes, [(values, ink) for values, _, ink in curves])
    axes.set_xticks(epoch_ticks(last))
    axes.grid(color=LINE, linewidth=0.5, alpha=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("ELBO" if name == "elbo" else name, fontsize=TEXT + 1, color=INK, loc="left", pad=6)
    axes.set_xlabel("epoch", fontsize=TEXT, color=INK)
    axes.set_ylabel("nats per image", fontsize=TEXT, color=INK)
    if best is not None:
        _mark_best(axes, [(values, ink) for values, _, ink in curves], best)


def _mark_best(axes: Axes, curves: Sequence[tuple[np.ndarray, str]], best: int) -> None:
    """A line at the best epoch; a ring and the value on the last curve that reaches it, best of all validation."""
    axes.axvline(best, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    reaching = [(values[best - 1], ink) for values, ink in curves if len(values) >= best]
    if reaching:
        value, ink = reaching[-1]
        axes.plot([best], [value], marker="o", markersize=8, markerfacecolor="none", color=ink, linestyle="")
        axes.set_title(f"best epoch {best}: {_number(value)}", fontsize=SMALL + 1, color=ink, loc="right", pad=6)


def _point_beyond(axes: Axes, curves: Sequence[tuple[np.ndarray, str]]) -> None:
    """Arrowheads at the edge for the epochs at which a curve leaves the axes, and the value farthest out."""
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


def epoch_ticks(last: int) -> list[int]:
    """The first epoch and then round numbers, nine at most."""
    step = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if last <= 8 * step)
    return list(range(1, last + 1, step)) if step <= 2 else [1, *range(step, last + 1, step)]


def _number(value: float) -> str:
    """Thousands set apart, decimals only where they say something, a true minus sign."""
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}").replace("-", "\N{MINUS SIGN}")


def _head(figure: Figure, first: Axes, title: str) -> None:
    """The title, and to its right what the colours mean."""
    box = first.get_position()
    width, height = figure.get_size_inches() * figure.dpi
    figure.text(box.x0, 1 - 14 / height, title, fontsize=TITLE, color=INK, va="top")
    handles, words = first.get_legend_handles_labels()
    right = 1 - (BETWEEN_X - 56) / width
    figure.legend(
        handles,
        words,
        ncols=2,
        loc="upper right",
        bbox_to_anchor=(right, 1 - 4 / height),
        frameon=False,
        fontsize=TEXT,
        labelcolor=INK,
    )
