"""Optuna's own plots of a study, each to be read in a browser and as a picture."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.figures import literal_ticks, settle  # before Optuna imports matplotlib

# isort: split
import optuna
import optuna.importance  # now, while the process that trials are forked from imports TensorFlow
import optuna.visualization.matplotlib as drawn
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

Draw = Callable[[], str | bytes]
OF_EACH = {
    "history": "plot_optimization_history",
    "importance": "plot_param_importances",
    "parallel": "plot_parallel_coordinate",
    "slice": "plot_slice",
    "contour": "plot_contour",
}
"""Plots of one objective, by the name of their file."""


def plots(study: Study, objectives: list[str]) -> Iterator[tuple[str, Draw]]:
    """What draws files, by name: `.html` as text and `.png` as bytes. Fewer where there is too little to show.

    Args:
        study: with its trials.
        objectives: their names.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < 2:
        return
    if len(objectives) > 1:
        yield from _both("pareto", "plot_pareto_front", study, target_names=objectives)
    for index, name in enumerate(objectives):
        of = {"target": _value(index), "target_name": name} if len(objectives) > 1 else {"target_name": name}
        for file, function in OF_EACH.items():
            if file == "importance" and not _varies(complete, index):
                continue
            if file == "contour":
                common = sorted(_parameters(complete))
                if len(common) < 2:
                    continue
                of = {**of, "params": common}
            suffix = f"_{name.replace('/', '_')}" if len(objectives) > 1 else ""
            yield from _both(f"{file}{suffix}", function, study, **of)


def _both(file: str, function: str, study: Study, **how: Any) -> Iterator[tuple[str, Draw]]:
    def page() -> str:
        with _unadvised():
            html: str = getattr(optuna.visualization, function)(study, **how).to_html(include_plotlyjs=True)
        return html

    def picture() -> bytes:
        settle()
        with _unadvised():
            axes = getattr(drawn, function)(study, **how)
        figure = (axes if hasattr(axes, "figure") else axes.flat[0]).figure
        figure.set_size_inches(10, 6)
        literal_ticks(figure)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=120, bbox_inches="tight")
        figure.clear()
        return content.getvalue()

    yield f"{file}.html", page
    yield f"{file}.png", picture


@contextmanager
def _unadvised() -> Iterator[None]:
    """Without advice on layouts and targets that were chosen here or by Optuna."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _value(index: int) -> Callable[[FrozenTrial], float]:
    return lambda trial: trial.values[index]


def _varies(trials: list[FrozenTrial], index: int) -> bool:
    return len({trial.values[index] for trial in trials}) > 1 and bool(_parameters(trials))


def _parameters(trials: list[FrozenTrial]) -> set[str]:
    """Keys that all trials have, with more than one value."""
    common = set.intersection(*(set(trial.params) for trial in trials))
    return {key for key in common if len({str(trial.params[key]) for trial in trials}) > 1}
