"""A comparison as one page of HTML that needs no other file and no network."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.comparison.contact_sheet import IMAGES, Sheet
from pipeline.comparison.pareto_front import pareto_front
from pipeline.comparison.table import Table, concise, last_part
from pipeline.comparison.verdict import LEVEL
from pipeline.figures.interactive.web_page import CONFIG, chart_layout, image_address, plotly_text, web_page
from pipeline.figures.kit.style import MUTED
from pipeline.metric_names import ELBO
from pipeline.text.wording import counted, shortened
from pipeline.tracking.comparability import ranked
from pipeline.tracking.run_facts import FinishedRun

LONGEST = 60
"""Cells of a run's name in a chart; the table has it whole."""
PAGE_VERDICTS = 20
"""Verdicts that a page shows; `verdicts.csv` has all."""
LEGEND = 40
"""Runs that a legend names at most: more would be longer than the chart is high."""
Curves = Mapping[str, Sequence[tuple[int, float]]]
"""Steps and values of a metric, by the id of each run."""


def page(title: str, table: Table, curves: Curves, sheets: Sequence[Sheet]) -> str:
    """A page of HTML: a table of the runs, charts of their scores, and what each model makes of the same images.

    Args:
        title: what is compared.
        table: its runs.
        curves: `ELBO` of each.
        sheets: the contact sheets of all, one for each data set.
    """
    how = "The best of a column is green."
    if any(found.each for found in table.verdicts.values()):
        how = "Green is the best of a column and, of ELBO, NLL and squared error, what is not significantly worse."
    how = " ".join([how, *table.reservations, *([table.condition] if table.condition else [])])
    return web_page(
        "comparison/page.html",
        title=title,
        hint=f"{counted(len(table.runs), 'run')}, sorted by {table.sort}. {how} Click a heading to sort by it.",
        scene={"plane": _plane(table), "curves": _curves(table, curves), "config": CONFIG},
        table=table,
        marked={score: table.marked(score) for score in table.scores},
        verdicts=table.deciding,
        level=LEVEL,
        most=PAGE_VERDICTS,
        runs={run.id: run for run in table.runs},
        sheets=sheets,
        shown=IMAGES,
        curve=ELBO,
        concise=concise,
        last_part=last_part,
        image_address=image_address,
    )


def _plane(table: Table) -> dict[str, Any]:
    """The chart of rate and distortion, with the Pareto front where the runs can be compared."""
    names = [f"{table.split}/{part}" for part in ("rate", "distortion")]
    runs = [run for run in table.runs if all(name in run.metrics for name in names)]
    points = [(run.metrics[names[0]], run.metrics[names[1]]) for run in runs]
    edge = [points[index] for index in pareto_front(points)] if all(map(table.is_comparable, names)) else []
    line = {
        "mode": "lines",
        "x": [rate for rate, _ in edge],
        "y": [distortion for _, distortion in edge],
        "line": {"color": MUTED, "width": 1, "shape": "hv"},
        "hoverinfo": "skip",
    }
    dots = {
        "mode": "markers",
        "x": [rate for rate, _ in points],
        "y": [distortion for _, distortion in points],
        "text": [f"{_name(run)}<br>ELBO {-sum(point):.2f}" for run, point in zip(runs, points, strict=True)],
        "hovertemplate": "%{text}<br>rate %{x:.2f}, distortion %{y:.2f}<extra></extra>",
        "marker": {"color": [run.colour for run in runs], "size": 10, "line": {"color": "white", "width": 1}},
    }
    layout = chart_layout("rate, nats per image", "distortion, nats per image") | {"showlegend": False}
    return {"data": [line, dots], "layout": layout}


def _curves(table: Table, curves: Curves) -> dict[str, Any]:
    """The chart of `ELBO` over the epochs; a curve of very few has markers, as a single value has no line."""
    data = [
        {
            "mode": "lines+markers" if len(curves[run.id]) < 4 else "lines",
            "name": _name(run),
            "x": [step for step, _ in curves[run.id]],
            "y": [value for _, value in curves[run.id]],
            "line": {"color": run.colour, "width": 1.5},
        }
        for run in ranked(table.runs)
        if curves.get(run.id)
    ]
    legend = {"showlegend": 1 < len(data) <= LEGEND, "legend": {"font": {"size": 10}}}
    return {"data": data, "layout": chart_layout("epoch", ELBO) | legend}


def _name(run: FinishedRun) -> str:
    return plotly_text(shortened(run.name, LONGEST))
