"""A page of the MLflow UI prepared to compare runs: its table, its charts, its images.

The UI opens what its *Share* button stores: a page's state as JSON in a tag of the experiment. That format is MLflow's
own, and only here; where the UI that is installed does not know it, links lead to its plain page of runs.
"""

import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

import mlflow

from pipeline.tracking.links import runs_link, view_link
from pipeline.tracking.store import Store
from pipeline.tracking.tags import PARENT
from pipeline.tracking.writes import ExperimentTag

MOST = 50
"""Runs that are all drawn at once; of more than these, the first twenty."""
_CHARTS = {"uuid": "compared", "name": "Compared", "columns": 2, "cardHeight": 440}
_IMAGES = {"uuid": "pictures", "name": "Pictures", "columns": 1}
"""Sections of the page; a picture's card shows runs side by side if it is wide."""
_ABREAST = 3
"""Runs beside each other in such a card, in a window of 1,600 pixels."""
_SHOWN = 10
"""Runs that such a card shows at most."""
_COMMON = {"deleted": False, "isGenerated": False, "runsCountToCompare": MOST}
VIEW = "mlflow.sharedViewState"
"""Beginning of the tags of an experiment that have its prepared pages."""
PACKED = "deflate;"
"""Beginning of such a tag: what follows is JSON, compressed, in base 64."""
_WORDS = (VIEW.encode(), b"viewStateShareKey", b"compareRunCharts")
BUILD = Path(mlflow.__file__).parent / "server" / "js" / "build" / "static" / "js"


@dataclass(frozen=True, kw_only=True)
class PreparedPage:
    """What a prepared page compares, and by what.

    Attributes:
        where: a filter of MLflow's; empty for all runs of the experiment.
        keys: settings in which the runs differ.
        axes: those of them that all runs have; the chart of parallel coordinates leaves out runs that lack one.
        scores: metrics to compare them by, the first one first, each with whether less is better.
        curves: the metrics of each epoch to draw.
        cards: the images to show.
        runs: how many there are.
    """

    where: str
    keys: Sequence[str]
    axes: Sequence[str]
    scores: Mapping[str, bool]
    curves: Sequence[str]
    cards: Sequence[str]
    runs: int


def prepare_below(store: Store, run_id: str, page: Callable[[str], PreparedPage]) -> str | None:
    """Prepare a page for the children of a run; gives its address within the UI, or None while that has no such run.

    Args:
        store: that has the runs.
        run_id: the id of the parent.
        page: what it shows, given the filter for the children.
    """
    place = store.place_of(run_id)
    if place is None:
        return None
    experiment_id, key = place
    shown = page(f"tags.`{PARENT}` = '{key}'")
    if not shown.scores or not is_understood(BUILD):
        return runs_link(experiment_id)
    store.write(run_id, ExperimentTag(name=f"{VIEW}.{key}", value=_packed(shown)))
    return view_link(experiment_id, key)


def prepare(store: Store, experiment_id: str, key: str, page: PreparedPage) -> str:
    """Prepare a page; gives its address within the UI.

    Args:
        store: that has the runs.
        experiment_id: theirs.
        key: a name for the page, its own within the experiment.
        page: what it shows.
    """
    if not page.scores or not is_understood(BUILD):
        return runs_link(experiment_id)
    with store.transaction():
        store.client.set_experiment_tag(experiment_id, f"{VIEW}.{key}", _packed(page))
    return view_link(experiment_id, key)


def _packed(page: PreparedPage) -> str:
    packed = b64encode(zlib.compress(json.dumps(_table(page) | _charts(page)).encode())).decode()
    return f"{PACKED}{packed}"


@cache
def is_understood(build: Path) -> bool:
    """Whether a UI, by the folder of its scripts, knows the format that is written here."""
    missing = set(_WORDS)
    for script in build.glob("*.js"):
        content = script.read_bytes()
        missing = {word for word in missing if word not in content}
        if not missing:
            return True
    return False


def _table(page: PreparedPage) -> dict[str, Any]:
    first, less_is_better = next(iter(page.scores.items()))
    columns = [*(f"params.`{key}`" for key in page.keys), *(f"metrics.`{score}`" for score in page.scores)]
    return {
        "searchFilter": page.where,
        "orderByKey": f"metrics.`{first}`",
        "orderByAsc": less_is_better,
        "selectedColumns": columns[:20],  # a tag holds 5,000 characters
        "runsHiddenMode": "SHOWALL" if page.runs <= MOST else "FIRST_20_RUNS",
    }


def _charts(page: PreparedPage) -> dict[str, Any]:
    scores = list(page.scores)
    charts = [_line(curve) for curve in page.curves]
    if page.axes:
        parallel = {"selectedParams": list(page.axes[:8]), "selectedMetrics": scores[:2], "showAllRuns": True}
        charts.insert(0, {"type": "PARALLEL"} | parallel)
    if len(scores) > 1:
        axes = [{"key": score, "type": "METRIC"} for score in _plane(scores)]
        charts.append({"type": "SCATTER", "xaxis": axes[0], "yaxis": axes[1], "runsCountToCompare": 100})
    images = [{"type": "IMAGE", "imageKeys": [card], "step": 0, "showRunParams": False} for card in page.cards]
    rows = ceil(min(page.runs, _SHOWN) / _ABREAST)
    sections = [(_CHARTS, charts), (_IMAGES | {"cardHeight": 140 + 300 * rows}, images)]
    return {
        "compareRunCharts": [_COMMON | card for section, each in sections for card in _in(section, each)],
        "compareRunSections": [section | {"display": True, "isReordered": True} for section, _ in sections],
        "isAccordionReordered": True,  # else the sections are sorted by name
    }


def _line(metric: str) -> dict[str, Any]:
    axes = {"scaleType": "linear", "xAxisKey": "step", "lineSmoothness": 0, "useGlobalLineSmoothing": False}
    return {"type": "LINE", "metricKey": metric, "selectedMetricKeys": [metric]} | axes


def _in(section: Mapping[str, Any], charts: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    name = section["uuid"]
    for index, chart in enumerate(charts):
        yield {"metricSectionId": name, "uuid": f"{name}{index}"} | chart


def _plane(scores: Sequence[str]) -> Sequence[str]:
    """Choose the axes of the scatter chart: rate and distortion, where they are among the scores."""
    plane = [score for part in ("rate", "distortion") for score in scores if score.endswith(f"/{part}")]
    return plane if len(plane) == 2 else scores[:2]
