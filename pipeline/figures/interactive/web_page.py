"""Pages of HTML with charts by plotly, that need no other file and no network; what they are given is never markup."""

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.figures.kit.style import INK, LINE, MUTED

CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "showSendToCloud": False,  # a button that uploads the data; plotly.js 4 shows it unless told not to
    "plotlyServerURL": "",
}
"""Settings of plotly.js that every chart has."""
FONT = '"DejaVu Sans", Verdana, sans-serif'
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[2]), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
"""Templates by their path below the package; a value that is missing is an error."""
TEMPLATES.policies["json.dumps_kwargs"] = {"separators": (",", ":")}  # without spaces, as scenes are long


def web_page(template: str, *, title: str, hint: str, scene: Mapping[str, Any], **values: Any) -> str:
    """A page of HTML.

    Args:
        template: such as `comparison/page.html`, which extends `figures/interactive/base.html`.
        title: of the page.
        hint: a paragraph under the title.
        scene: what the page's program draws, as values of JSON.
        values: what else the template names.
    """
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    look = {"font": FONT, "ink": INK, "muted": MUTED, "line": LINE, "plotly": get_plotlyjs()}
    return TEMPLATES.get_template(template).render(look, title=title, hint=hint, scene=scene, **values)


def image_address(png: bytes) -> str:
    """The content of a PNG as an address that an `<img>` shows."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def plotly_text(text: str) -> str:
    """The text as plotly, which reads a little HTML, writes it literally; of entities it knows none for quotes."""
    return escape(text, quote=False)


def chart_layout(x: str, y: str) -> dict[str, Any]:
    """How a chart of plotly looks, with names for its two axes."""
    axis = {"gridcolor": "#eceef1", "linecolor": LINE, "zeroline": False, "showline": True, "mirror": True}
    return {
        "font": {"family": FONT, "color": INK, "size": 12},
        "margin": {"l": 64, "r": 20, "t": 36, "b": 48},
        "plot_bgcolor": "white",
        "hovermode": "closest",
        "xaxis": axis | {"title": {"text": x, "font": {"size": 12}}},
        "yaxis": axis | {"title": {"text": y, "font": {"size": 12}}},
    }
