"""A page of the MLflow UI prepared to compare the runs below another: its table, its charts, its images.

The UI opens what its *Share* button stores: a view's state as JSON in a tag of the experiment. That format is MLflow's
own, and only here; a UI that knows another one opens its plain page of runs.
"""

import json
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.tracking.links import view_link
from pipeline.tracking.store import PARENT, Store

_SECTION = "compared"


def prepare(
    store: Store, run_id: str, *, keys: Sequence[str], scores: Mapping[str, bool], curve: str, cards: Sequence[str]
) -> str:
    """Prepare the page for the children of a run; gives its address within the UI.

    Args:
        store: that has them.
        run_id: of their parent.
        keys: settings in which they differ.
        scores: metrics to compare them by, the first one first, each with whether less is better.
        curve: the metric of each epoch to draw.
        cards: the images to show.
    """
    experiment_id = store.run(run_id).info.experiment_id
    state = _table(run_id, keys, scores) | _charts(keys, list(scores), curve, cards)
    packed = b64encode(zlib.compress(json.dumps(state).encode())).decode()  # a tag holds 5,000 characters
    with store.transaction():
        store.client.set_experiment_tag(experiment_id, f"mlflow.sharedViewState.{run_id}", f"deflate;{packed}")
    return view_link(experiment_id, run_id)


def _table(run_id: str, keys: Sequence[str], scores: Mapping[str, bool]) -> dict[str, Any]:
    first, less_is_better = next(iter(scores.items()))
    return {
        "searchFilter": f"tags.`{PARENT}` = '{run_id}'",
        "orderByKey": f"metrics.`{first}`",
        "orderByAsc": less_is_better,
        "selectedColumns": [*(f"params.`{key}`" for key in keys), *(f"metrics.`{score}`" for score in scores)],
        "runsHiddenMode": "FIRST_20_RUNS",
    }


def _charts(keys: Sequence[str], scores: Sequence[str], curve: str, cards: Sequence[str]) -> dict[str, Any]:
    charts: list[dict[str, Any]] = [
        {"type": "PARALLEL", "selectedParams": list(keys), "selectedMetrics": scores[:2], "showAllRuns": True},
        {"type": "LINE", "metricKey": curve, "selectedMetricKeys": [curve], "scaleType": "linear", "xAxisKey": "step"},
    ]
    if len(scores) > 1:
        axes = [{"key": score, "type": "METRIC"} for score in scores[:2]]
        charts.append({"type": "SCATTER", "xaxis": axes[0], "yaxis": axes[1], "runsCountToCompare": 100})
    charts += [{"type": "IMAGE", "imageKeys": [card], "step": 0, "showRunParams": False} for card in cards]
    common = {"metricSectionId": _SECTION, "deleted": False, "isGenerated": False, "runsCountToCompare": 20}
    return {
        "compareRunCharts": [common | {"uuid": f"{_SECTION}{index}"} | each for index, each in enumerate(charts)],
        "compareRunSections": [{"uuid": _SECTION, "name": "Compared", "display": True, "isReordered": True}],
        "isAccordionReordered": True,  # else the sections are sorted by name
    }
