"""A comparison as one page of HTML that needs no other file and no network."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from pipeline.comparison.contact_sheet import IMAGES, Sheet
from pipeline.comparison.pareto_front import pareto_front
from pipeline.comparison.table import Table, concise, last_part
from pipeline.figures.kit.style import INK, LINE, MUTED
from pipeline.metric_names import ELBO
from pipeline.text.wording import shortened
from pipeline.tracking.run_facts import Finished

PAGE = Template(Path(__file__).with_suffix(".html").read_text("utf-8"))
LONGEST = 60  # cells of a run's name in a chart; the table has it whole
FRONT = "The line joins the Pareto front: no other run is better in both."
Curves = Mapping[str, Sequence[tuple[int, float]]]
"""Steps and values of a metric, by the id of each run."""


def page(title: str, table: Table, curves: Curves, sheets: Sequence[Sheet]) -> str:
    """The page.

    Args:
        title: what is compared.
        table: its runs.
        curves: `ELBO` of each.
        sheets: the contact sheets of all, one for each data set.
    """
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    scene = json.dumps({"plane": _plane(table), "curves": _curves(table, curves)}, separators=(",", ":"))
    how = (
        "The best of a column is green."
        if table.comparable
        else "The runs differ in data set or likelihood, so their scores cannot be compared."
    )
    return PAGE.substitute(
        ink=INK,
        muted=MUTED,
        line=LINE,
        title=escape(title),
        hint=f"{len(table.runs)} runs, sorted by {escape(table.sort)}. {how} Click a heading to sort by it.",
        table="".join(_rows(table)),
        plane_hint=f"Of the {table.split} split. {FRONT if table.comparable else ''}",
        curve_title=f"{ELBO} of each epoch",
        sheets="".join(_sheet(sheet, table) for sheet in sheets),
        plotly=get_plotlyjs(),
        scene=scene.replace("<", "\\u003c"),  # it could end the script
    )


def _rows(table: Table) -> Iterator[str]:
    headings = {name: f'title="{escape(name)}">{escape(short)}' for name, short in table.headings.items()}
    settings = "".join(f"<th {headings[key]}</th>" for key in table.settings)
    scores = "".join(f'<th class="number" {headings[score]}</th>' for score in table.scores)
    yield f'<thead><tr><th>run</th>{scores}<th class="number">minutes</th>{settings}</tr></thead><tbody>'
    best = {score: table.best(score) for score in table.scores}
    for run in table.runs:
        name = f'<td title="{run.id}"><i style="background:{escape(run.colour)}"></i>{escape(run.name)}</td>'
        values = "".join(_setting(run.params.get(key, "")) for key in table.settings)
        numbers = "".join(_number(run.metrics.get(score), best[score]) for score in table.scores)
        yield f"<tr>{name}{numbers}{_number(run.minutes, None)}{values}</tr>"
    yield "</tbody>"


def _setting(value: str) -> str:
    return f'<td title="{escape(value)}" data-value="{escape(value)}">{escape(concise(value))}</td>'


def _number(value: float | None, best: float | None) -> str:
    if value is None:
        return '<td class="number" data-value=""></td>'
    style = "number best" if value == best else "number"
    return f'<td class="{style}" data-value="{value!r}">{value:.5g}</td>'


def _plane(table: Table) -> dict[str, Any]:
    names = [f"{table.split}/{part}" for part in ("rate", "distortion")]
    runs = [run for run in table.runs if all(name in run.metrics for name in names)]
    points = [(run.metrics[names[0]], run.metrics[names[1]]) for run in runs]
    edge = [points[index] for index in pareto_front(points)] if table.comparable else []
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": [rate for rate, _ in edge],
        "y": [distortion for _, distortion in edge],
        "line": {"color": MUTED, "width": 1, "shape": "hv"},
        "hoverinfo": "skip",
    }
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [rate for rate, _ in points],
        "y": [distortion for _, distortion in points],
        "text": [f"{_name(run)}<br>ELBO {-sum(point):.2f}" for run, point in zip(runs, points, strict=True)],
        "hovertemplate": "%{text}<br>rate %{x:.2f}, distortion %{y:.2f}<extra></extra>",
        "marker": {"color": [run.colour for run in runs], "size": 10, "line": {"color": "white", "width": 1}},
    }
    layout = _layout("rate, nats per image", "distortion, nats per image") | {"showlegend": False}
    return {"data": [line, dots], "layout": layout | {"hovermode": "closest"}}


def _name(run: Finished) -> str:
    """The name of a run as plotly, which reads a little HTML, writes it literally."""
    return escape(shortened(run.name, LONGEST))


def _curves(table: Table, curves: Curves) -> dict[str, Any]:
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers" if len(curves[run.id]) < 4 else "lines",
            "name": _name(run),
            "x": [step for step, _ in curves[run.id]],
            "y": [value for _, value in curves[run.id]],
            "line": {"color": run.colour, "width": 1.5},
        }
        for run in table.runs
        if curves.get(run.id)
    ]
    legend = {"showlegend": 1 < len(data) <= 40, "legend": {"font": {"size": 10}}}
    return {"data": data, "layout": _layout("epoch", ELBO) | legend}


def _layout(x: str, y: str) -> dict[str, Any]:
    look = {"gridcolor": "#eceef1", "linecolor": LINE, "zeroline": False, "showline": True, "mirror": True}
    axes = {
        f"{name}axis": {"title": {"text": title, "font": {"size": 12}}} | look for name, title in (("x", x), ("y", y))
    }
    font = {"family": "DejaVu Sans, Verdana, sans-serif", "color": INK, "size": 12}
    return {"font": font, "margin": {"l": 64, "r": 16, "t": 36, "b": 48}, "plot_bgcolor": "white", **axes}


def _sheet(sheet: Sheet, table: Table) -> str:
    runs = {run.id: run for run in table.runs}
    rows = "".join(
        f'<tr><td class="name">{_label(runs[strip.run_id], table)}</td><td>{_image(strip.reconstructions)}</td>'
        f"<td>{_image(strip.samples)}</td></tr>"
        for strip in sheet.strips
    )
    missing = "".join(
        f'<tr><td class="name">{_label(runs[run_id], table)}</td><td colspan="2">{escape(reason)}</td></tr>'
        for run_id, reason in sheet.left_out.items()
    )
    inputs = f"<tr><th>images</th><td>{_image(sheet.inputs)}</td><td></td></tr>" if sheet.inputs else ""
    return (
        f"<h2>Contact sheet{': ' if sheet.data else ''}{escape(sheet.data)}</h2>"
        f"<p>Left, the same {IMAGES} test images as each model reconstructs them; right, what it decodes the same "
        f"{IMAGES} latents to. A model of fewer dimensions takes the first coordinates of each latent.</p>"
        f'<div class="wide"><table class="sheet"><tr><th></th><th>reconstructions</th><th>decoded latents</th></tr>'
        f"{inputs}{rows}{missing}</table></div>"
    )


def _label(run: Finished, table: Table) -> str:
    score = run.metrics.get(table.sort)
    value = "" if score is None else f"<br>{last_part(table.sort)} {score:.5g}"
    return f'<i style="background:{escape(run.colour)}"></i>{escape(run.name)}{value}'


def _image(png: bytes) -> str:
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
