"""Several runs in one figure: a column for each run, and a row for each thing to compare."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import EDGE, TOP, blank, write_head, write_lines
from pipeline.figures.kit.limits import Limits, robust_limits
from pipeline.figures.kit.style import TEXT
from pipeline.figures.side_by_side.column import Column
from pipeline.figures.side_by_side.column_images import fitted_mosaic, fitted_pairs, fitted_plane
from pipeline.figures.side_by_side.rows import COLUMN_GAP, NAME_LINE, Headings, ImageRow, Legends, Row, Scatters

COLUMNS = 6  # beside each other; further ones go under them
SHARED_WIDTH = 1920  # pixels of all columns together
COLUMN_WIDTH = 340  # pixels of one column at most
LABEL_WIDTH = 122  # pixels of the labels of the rows
ROW_GAP = 22  # pixels between two rows
BAND_GAP = 30  # pixels between two bands of columns, beyond those between two rows
SIMILAR = 1.5  # limits that differ by no larger factor show the same; a second scatter would tell nothing


def side_by_side(runs: Sequence[Column], title: str = "Side by side") -> Figure:
    """Runs as columns, at most six beside each other: reconstructions, latent space, decoded plane, samples.

    The latent space is shown on axes that are equal for all runs and, where these hide something, once more on each
    run's own. Runs may differ in data set, image shape and latent dimension.
    """
    if not runs:
        raise ValueError("there are no runs; expected one run or more")
    columns = math.ceil(len(runs) / math.ceil(len(runs) / COLUMNS))
    width = min(COLUMN_WIDTH, SHARED_WIDTH // columns - COLUMN_GAP)
    shared, own = _limits(runs)
    bands = [
        _rows(runs[first : first + columns], shared, own[first : first + columns], width)
        for first in range(0, len(runs), columns)
    ]
    height = sum(BAND_GAP + sum(row.height + ROW_GAP for row in rows) for rows in bands) - BAND_GAP
    left = EDGE + LABEL_WIDTH + COLUMN_GAP
    figure = blank(left + columns * (width + COLUMN_GAP) - COLUMN_GAP + EDGE, TOP + height)
    write_head(figure, title)
    lefts = range(left, left + columns * (width + COLUMN_GAP), width + COLUMN_GAP)
    top = TOP
    for rows in bands:
        for row in rows:
            write_lines(figure, row.label.splitlines(), EDGE, top, NAME_LINE, fontsize=TEXT)
            row.draw(figure, lefts, top)
            top += row.height + ROW_GAP
        top += BAND_GAP
    return figure


def _rows(runs: Sequence[Column], shared: Limits, own: Sequence[Limits], width: int) -> list[Row]:
    """What to show of the runs of one band; no `own` limits, no second scatter."""
    rows: list[Row] = [
        Headings(runs, width),
        ImageRow(
            "inputs over\nreconstructions",
            [fitted_pairs(run.images, run.reconstructions, width) for run in runs],
        ),
        Scatters("posterior means,\naxes equal in all", runs, [shared] * len(runs), width),
        *([Scatters("posterior means,\nown axes", runs, own, width)] if own else []),
        Legends(runs, width),
        ImageRow("decoded plane", [fitted_plane(run.plane, width) for run in runs]),
        ImageRow("samples", [fitted_mosaic(run.samples, width) for run in runs]),
    ]
    return [row for row in rows if row.height]


def _limits(runs: Sequence[Column]) -> tuple[Limits, list[Limits]]:
    """Limits for all runs, and those of each; the latter are left out where they agree with the former."""
    planar = [np.pad(run.points.points, [(0, 0), (0, 2 - run.points.dimensions)]) for run in runs]
    shared = robust_limits(planar)
    own = [robust_limits([points]) for points in planar]
    spans = [high - low for (low, high), _ in (shared, *own)]
    return shared, own if spans[0] > SIMILAR * min(spans) else []
