"""A process that is killed between any two writes of a file leaves the file as it was, or as it was to be."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import keras
import numpy as np
import optuna
import pytest
from killing import killed_at_lines
from optuna.trial import TrialState

from pipeline import places
from pipeline.bundling.bundle_file import unpacked, write_bundle
from pipeline.sweep.study.copied_study import StudyInJournal, copy_to_journal
from pipeline.sweep.study.storage import storage_of
from pipeline.sweep.study.study import Study
from pipeline.tracking.measurement import measured
from pipeline.tracking.outbox.contents import Begun
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.writes import Batch, File
from pipeline.training.checkpoint import Checkpoint, history_in


class _Model:
    """What a checkpoint saves of a model, without TensorFlow, which no forked process can use."""

    def __init__(self) -> None:
        self.variables = [SimpleNamespace(numpy=lambda: np.arange(1000.0))]
        self.optimizer = SimpleNamespace(variables=[])


@pytest.mark.fault("kills", "a training is killed between any two writes of its checkpoint")
def test_checkpoint(tmp_path: Path) -> None:
    """The checkpoint is that of the epoch before or that of the new one, whole."""
    path = tmp_path / "checkpoint.npz"

    def checkpoint(epochs: int) -> Checkpoint:
        made = Checkpoint(path, {"loss": [1.0] * epochs}, None)
        made.set_model(keras.Model())
        made._model = _Model()  # type: ignore[assignment]
        return made

    checkpoint(1).on_epoch_end(0)
    before = path.read_bytes()
    epochs = []
    for _ in killed_at_lines(lambda: checkpoint(2).on_epoch_end(1), lambda: path.write_bytes(before)):
        epochs.append(len(history_in(path)["loss"]))
    assert set(epochs) == {1, 2}
    assert epochs[-1] == 2


@pytest.mark.fault("kills", "a training is killed between any two writes of its outbox")
def test_outbox(tmp_path: Path) -> None:
    """What was written before is kept; the write that was cut off is there whole, or counts for nothing."""
    begun = Begun(outbox=uuid4().hex, run_id=uuid4().hex, here=True, experiment="e", name="n", started=5)
    whole = Outbox.made(tmp_path / "whole", begun)
    (tmp_path / "text.txt").write_text("content")
    whole.append(Batch(params={"p": "1"}))

    def write(folder: Path) -> None:
        outbox = Outbox(folder)
        outbox.append(File(path="text.txt"), folder=tmp_path)
        outbox.append(Batch(metrics=measured({"m": 1.0}, 1)))

    def restore() -> None:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(whole.folder, tmp_path / "copy")

    restore()
    counts = []
    for _ in killed_at_lines(lambda: write(tmp_path / "copy"), restore):
        outbox = Outbox(tmp_path / "copy")
        written = list(outbox.lines.after(0))
        counts.append(len(written))
        if len(written) > 1:
            assert (outbox.files_of(2) / "text.txt").read_text() == "content"
        assert outbox.append(Batch(params={"q": "2"})), "whoever goes on can write"
    assert set(counts) == {1, 2, 3}


@pytest.mark.fault("kills", "a worker is killed between any two writes of its study's journal")
def test_journal(plan, tmp_path: Path) -> None:
    """The journal can be read and written; what was being stored is there whole, or not at all."""
    Study(plan())
    kept = (tmp_path / "studies" / "mine.journal").read_bytes()
    values = []

    def work() -> None:
        storage = storage_of("mine", None)
        study = optuna.load_study(study_name="mine", storage=storage)
        trial = study.ask()
        study.tell(trial, 1.0)

    def restore() -> None:
        (tmp_path / "studies" / "mine.journal").write_bytes(kept)

    for _ in killed_at_lines(work, restore):
        study = optuna.load_study(study_name="mine", storage=storage_of("mine", None))
        values.append(sum(trial.value is not None for trial in study.trials))
        study.tell(study.ask(), 2.0)
    assert set(values) == {0, 1}


@pytest.mark.fault("kills", "a command is killed between any two writes of a bundle")
def test_bundle(tmp_path: Path) -> None:
    """The bundle is there whole, or not at all."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "bundle.json").write_bytes(bytes(100_000))
    bundle = tmp_path / "bundle.zip"
    found = []
    work = lambda: write_bundle(tmp_path / "folder", bundle)  # noqa: E731
    for _ in killed_at_lines(work, lambda: bundle.unlink(missing_ok=True)):
        found.append(bundle.exists())
        if bundle.exists():
            with unpacked(bundle) as folder:
                assert (folder / "bundle.json").stat().st_size == 100_000
    assert set(found) == {False, True}


@pytest.mark.fault("kills", "the import of a study is killed between any two writes of its journal")
def test_copied_study(plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next import goes on; the study has each of its trials once, as it was."""
    study = Study(plan())
    study.run_id = "a" * 32
    assert study.key
    for value in (3.0, 2.0):
        study.end(study.claim(), TrialState.COMPLETE, [value])
    journal = tmp_path / "study.journal"
    copy_to_journal("mine", None, ["a" * 32], journal)
    monkeypatch.setattr(places, "STUDIES", tmp_path / "elsewhere")

    def work() -> None:
        copied = StudyInJournal(journal, ["a" * 32])
        copied.check_place(None)
        copied.copy_to(None, "b" * 32, {})

    for _ in killed_at_lines(work, lambda: shutil.rmtree(tmp_path / "elsewhere", ignore_errors=True)):
        work()
        copy = optuna.load_study(study_name="mine", storage=storage_of("mine", None))
        assert copy.user_attrs["parent_run"] == "b" * 32
        assert copy.trials == study.optuna.trials
