"""A run that is open for recording, and what can be recorded in it."""

import logging
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import TracebackException
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pipeline.data.images import ImageData
from pipeline.figures import Figure, png
from pipeline.metric_names import LOSS
from pipeline.places import ui_command
from pipeline.secrets import masked
from pipeline.text.markdown import literal
from pipeline.text.wording import first_line
from pipeline.tracking.card_files import CARDS, card_files
from pipeline.tracking.comparability import made_by
from pipeline.tracking.dataset_input import split_input
from pipeline.tracking.file_path import paths_below
from pipeline.tracking.links import run_link
from pipeline.tracking.measurement import MOST_METRICS, measured, same_measured
from pipeline.tracking.run_facts import curve
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import DATABASE, sync_command
from pipeline.tracking.tags import NO_BOUND, NOTE, REUSED
from pipeline.tracking.transaction import whole
from pipeline.tracking.writes import Batch, File, Model

if TYPE_CHECKING:
    from pipeline.models.vae import VAE

log = logging.getLogger(__name__)
_Drawn = TypeVar("_Drawn")


class Run:
    """A run that is open for recording.

    Attributes:
        not_drawn: pictures that could not be drawn, each with the error.
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self.store = store
        self.id = run_id
        self.transaction = store.transaction
        store.keep(run_id)
        info = store.client.get_run(run_id).info
        self.name = str(info.run_name)
        self.not_drawn: dict[str, TracebackException] = {}
        self._description: str | None = None
        self._once_finished: list[Callable[[], None]] = []
        self._recorded = max((step for step, _ in curve(store, run_id, LOSS)), default=0)  # the last epoch

    @whole
    def params(self, params: Mapping[str, Any]) -> None:
        """Record settings by their dotted names; MLflow keeps at most 6,000 characters of each."""
        self.store.write(self.id, Batch(params={name: str(value)[:6000] for name, value in params.items()}))

    @whole
    def tags(self, tags: Mapping[str, str]) -> None:
        """Record tags, such as the circumstances."""
        self.store.set_tags(self.id, tags)

    @whole
    def metrics(self, step: int, metrics: Mapping[str, float]) -> None:
        """Record numbers at a step, unless a run that is resumed already had."""
        if step > self._recorded:
            self.store.write(self.id, Batch(metrics=measured(metrics, step)))

    @whole
    def summary(self, metrics: Mapping[str, float]) -> None:
        """Record numbers of the run as a whole and of its model, if it has one.

        The UI draws bars, not curves, of what has no step but 0.
        """
        self.store.write(self.id, Batch(metrics=measured(metrics, 0), of_model=True))

    def card(self, key: str, step: int, draw: Callable[[], np.ndarray]) -> None:
        """Record a card, uint8 [S, S, 3], that the UI shows under its key with a slider over steps.

        One that cannot be drawn is left out, with a warning.
        """
        card = self.drawn(f"{key} of epoch {step}", draw)
        if card is not None:
            with card_files(key, step, card) as (folder, paths):
                self.store.write(self.id, *(File(path=path) for path in paths), CARDS, folder=folder)

    def picture(self, name: str, draw: Callable[[], Figure | str | bytes]) -> None:
        """Store what `draw` gives as a file; a picture that cannot be drawn is left out, with a warning."""

        def rendered() -> str | bytes:
            content = draw()
            return png(content) if isinstance(content, Figure) else content

        content = self.drawn(name, rendered)
        if content is not None:
            self.file(name, content)

    @whole
    def file(self, name: str, content: str | bytes) -> None:
        """Store a text or a file's content at the artifact root, where the UI's compare page finds it."""
        with TemporaryDirectory() as folder:
            (Path(folder) / name).write_bytes(content.encode() if isinstance(content, str) else content)
            self.store.write(self.id, File(path=name), folder=Path(folder))

    @whole
    def data(self, data: ImageData) -> None:
        """Record the splits as the run's inputs, by name, shape and fingerprint."""
        self.store.write(self.id, *(split_input(data, split) for split in ("train", "validation", "test")))

    @whole
    def model(self, model: "VAE", example: Mapping[str, Any]) -> None:
        """Store the model, with the inputs of a request to it as example, unless the run has it already."""
        from pipeline.tracking.model.keras_model import save_keras_model  # takes TensorFlow along

        with TemporaryDirectory() as folder:
            save_keras_model(Path(folder), model, example)
            self.store.write(self.id, Model(paths=paths_below(Path(folder))), folder=Path(folder))

    @whole
    def take_over(self, run_id: str) -> dict[str, float]:
        """Record the settings, numbers and files of another run, and that it was that one; gives its last metrics."""
        client = self.store.client
        known = self.store.run(run_id)
        for name in known.data.metrics:
            points = client.get_metric_history(run_id, name)
            for first in range(0, len(points), MOST_METRICS):
                some = points[first : first + MOST_METRICS]
                self.store.write(self.id, Batch(metrics=[same_measured(each) for each in some]))
        mine = self.store.run(self.id).data.params
        self.params({key: value for key, value in known.data.params.items() if key not in mine})
        note = f"**Taken over** from run {run_id}: the same training."
        made = {key for metric in known.data.metrics for key in made_by(metric)}
        of_scores = {name: value for name, value in known.data.tags.items() if name in made or name == NO_BOUND}
        self.tags({REUSED: run_id, NOTE: note, **of_scores})
        with TemporaryDirectory() as folder:
            home = Path(client.download_artifacts(run_id, "", dst_path=folder))
            self.store.write(self.id, *(File(path=path) for path in paths_below(home)), folder=home)
        return dict(known.data.metrics)

    @whole
    def describe(self, markdown: str) -> None:
        """Set the description that the run's page opens with, and below it what could not be drawn, and why."""
        self._description = markdown
        lines = [f"- {literal(name)}: {literal(first_line(error))}" for name, error in self.not_drawn.items()]
        if lines:
            errors = "\n".join("".join(each.format()) for each in self.not_drawn.values())
            self.file("not_drawn.txt", masked(errors))
            lines.insert(0, "**Not drawn** (`not_drawn.txt` has the whole errors):\n")
        self.tags({NOTE: "\n\n".join(filter(None, [markdown, "\n".join(lines)]))})

    def once_finished(self, action: Callable[[], None]) -> None:
        """Have something done once the run is closed as finished, such as a removal of what only an open run needs."""
        self._once_finished.append(action)

    def finished(self) -> None:
        """Do what was left until the run is closed as finished."""
        for action in self._once_finished:
            action()

    def where_to_look(self) -> str:
        """Say how to see the run: the address of its page on the server, or the command that starts or sends it."""
        if not self.store.is_server:
            database = shlex.quote(self.store.uri)
            return ui_command() if self.store.uri == DATABASE else f"mlflow server --backend-store-uri {database}"
        place = self.store.place_of(self.id)
        return f"{self.store.uri.bare}/{run_link(*place)}" if place else sync_command(self.store.uri)

    def drawn(self, name: str, draw: Callable[[], _Drawn]) -> _Drawn | None:
        """Return what `draw` gives; None, with a warning, if it fails: no training is worth less for a picture."""
        try:
            return draw()
        except Exception as error:
            self.not_drawn[name] = TracebackException.from_exception(error)  # without its frames, and what is in them
            log.warning(f"{name} could not be drawn and is left out: {type(error).__name__}: {first_line(error)}")
            if self._description is not None:
                self.describe(self._description)
            return None
