"""Optuna draws plots of a study, each as an HTML page for a browser and as a PNG picture."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.figures import literal_ticks, settle  # before Optuna imports matplotlib

# isort: split
import optuna
import optuna.importance  # now, while the fork server imports TensorFlow
import optuna.visualization.matplotlib as drawn
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

Draw = Callable[[], str | bytes]
"""A function that gives the content of a file: an HTML page as text, a PNG picture as bytes."""
SIZE = (10, 6)
"""Inches of a picture's width and height: wide, as Optuna draws the slices of all keys side by side."""
RESOLUTION = 120
"""Dots per inch of a picture: 1,200 pixels fill a page of MLflow."""
PLOTS = {
    "history": "plot_optimization_history",
    "importance": "plot_param_importances",
    "parallel": "plot_parallel_coordinate",
    "slice": "plot_slice",
    "contour": "plot_contour",
}
"""The name of each plot's file, and of Optuna's function that draws it, for one objective."""


def plots(study: Study, objectives: list[str]) -> Iterator[tuple[str, Draw]]:
    """Iterate over the names of files and the functions that draw them; plots that would be empty are left out.

    Args:
        study: Optuna's study with its trials.
        objectives: the names of its objectives.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < 2:
        return
    if len(objectives) > 1:
        yield from _both("pareto", "plot_pareto_front", study, target_names=objectives)
    varying = sorted(_varying_keys(complete))
    for index, name in enumerate(objectives):
        options: dict[str, Any] = {"target_name": name}
        suffix = ""
        if len(objectives) > 1:
            options["target"] = _value(index)
            suffix = f"_{name.replace('/', '_')}"
        for file, function in PLOTS.items():
            if file == "importance" and not (varying and _values_differ(complete, index)):
                continue
            if file == "contour" and len(varying) < 2:
                continue
            keys = {"params": varying} if file == "contour" else {}
            yield from _both(f"{file}{suffix}", function, study, **options, **keys)


def _both(file: str, function: str, study: Study, **options: Any) -> Iterator[tuple[str, Draw]]:
    """Give a plot as an HTML page and as a PNG picture."""

    def page() -> str:
        with _without_warnings():
            html: str = getattr(optuna.visualization, function)(study, **options).to_html(include_plotlyjs=True)
        return html

    def picture() -> bytes:
        settle()
        with _without_warnings():
            axes = getattr(drawn, function)(study, **options)
        figure = (axes if hasattr(axes, "figure") else axes.flat[0]).figure
        figure.set_size_inches(*SIZE)
        literal_ticks(figure)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=RESOLUTION, bbox_inches="tight")
        figure.clear()
        return content.getvalue()

    yield f"{file}.html", page
    yield f"{file}.png", picture


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence warnings of matplotlib and plotly about layouts that Optuna chose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _value(index: int) -> Callable[[FrozenTrial], float]:
    return lambda trial: trial.values[index]


def _values_differ(trials: list[FrozenTrial], index: int) -> bool:
    return len({trial.values[index] for trial in trials}) > 1


def _varying_keys(trials: list[FrozenTrial]) -> set[str]:
    """Give the keys that all trials have, with more than one value."""
    common = set.intersection(*(set(trial.params) for trial in trials))
    return {key for key in common if len({str(trial.params[key]) for trial in trials}) > 1}
