"""One training from its config to its run: data, model, fit, evaluation, record; and how an interrupted one goes on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from rich.console import Console
from rich.text import Text

from pipeline.config.build import build, trusted_of
from pipeline.config.names import Config
from pipeline.config.resumption import decided_anew, gone_on_with
from pipeline.data.images import ImageData
from pipeline.data.settings import DatasetSettings
from pipeline.errors import InputError, Interrupted, Pruned, unwritable
from pipeline.evaluation.evaluate import evaluate
from pipeline.figures import best_epoch
from pipeline.metric_names import LOSS
from pipeline.pictures.gallery import Gallery
from pipeline.places import checkpoint_of
from pipeline.process.circumstances import circumstances, differences
from pipeline.process.interruption import interruption_first
from pipeline.runs.initial_weights import fresh_model
from pipeline.runs.loaded_run import refuse_other_data
from pipeline.runs.outcome import Outcome
from pipeline.runs.record import Recorder, facts
from pipeline.runs.recorded_config import recorded_config
from pipeline.runs.setup import Setup
from pipeline.runs.trained_vae import trained_vae
from pipeline.runs.training_key import training_key
from pipeline.runs.travelling_checkpoint import CheckpointSender, fetch_checkpoint, has_checkpoint
from pipeline.text.wording import one_line
from pipeline.tracking.lifecycle import reopen_run, start_run
from pipeline.tracking.run import Run
from pipeline.tracking.run_facts import trained_before
from pipeline.tracking.sent_checkpoint import SentCheckpoint
from pipeline.tracking.server_check import silence_told
from pipeline.tracking.settings import TrackingSettings
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import resume_command
from pipeline.tracking.tags import FINGERPRINT, TRAINING_KEY
from pipeline.training.checkpoint import how_far
from pipeline.training.epoch_report import EpochListener
from pipeline.training.fit import fit
from pipeline.training.progress import TrainingProgress


def train(
    config: Config,
    *,
    console: Console,
    resume: str | None = None,
    listeners: Sequence[EpochListener] = (),
    reuse: bool = False,
    load: Callable[[DatasetSettings], ImageData] = DatasetSettings.load,
) -> Outcome:
    """Train what the config describes and record it as one run.

    Args:
        config: composed and resolved.
        console: where progress is shown.
        resume: id of an interrupted run to go on with, whose config this is.
        listeners: called after each epoch; one that raises `Pruned` ends the training.
        reuse: whether a finished run of the same settings, data and code is taken over instead of training.
        load: gives the images of a data set.

    Raises:
        InputError: a mistake in the settings, the data or the address of the tracking store; before a run is made.
        NonFiniteLoss: the training diverged; the run is closed as failed.
        Interrupted: by a signal; the run is closed as killed and can be resumed.
        Pruned: by a listener; the run is closed as finished, with a tag.
    """
    setup = Setup.from_config(config)
    store = setup.tracking.connect()
    if config.get("init"):  # by its id: a champion may be another run when this one is reproduced
        config = config | {"init": _id_of(store, "init", config["init"])}
    data = load(setup.dataset)
    vae = fresh_model(setup, config.get("init"), data, partial(trained_vae, store, trusted=trusted_of(config)))
    setup.pictures.check(vae.latent_dim, len(data.test))
    if resume:
        recorded = store.run(resume).data.tags.get(FINGERPRINT, data.fingerprint)
        refuse_other_data(data, recorded, f"resume={resume}", "train anew")
        fetch_checkpoint(store, resume)
    key = training_key(config, data.fingerprint)
    with silence_told(store.uri):
        known = trained_before(store, key) if key and reuse else None
    tags = circumstances(trusted_of(config)) | setup.tracking.tags | ({TRAINING_KEY: key} if key else {})
    with _opened(setup.tracking, store, resume, tags) as run:
        console.print(Text.assemble("Run ", (one_line(run.name), "bold"), f" ({run.id})"), soft_wrap=True)
        if known:
            console.print(f"Taken over from run {known}, which is the same training", highlight=False, soft_wrap=True)
            run.params(setup.tracking.params)
            run.tags(facts(config, data))
            metrics = run.take_over(known)
            return Outcome(run.id, run.name, 0, metrics, None, run.where_to_look())
        gallery = Gallery(vae, data, setup.pictures, setup.training.seed)
        record = Recorder(run, data, gallery, gallery.snapshots(checkpoint_of(run.id).with_suffix("")))
        return _train(record, setup, config, console, listeners)


def resume(run_id: str, now: Config, *, console: Console) -> Outcome:
    """Go on with an interrupted run, exactly as it would have gone on by itself.

    Args:
        run_id: of the run, or what only that id begins with.
        now: config of the command, of which the keys of `DECIDED_ANEW` are taken; all else comes from the record.
        console: where progress is shown.

    Raises:
        InputError: there is no such run, it is not interrupted, or its checkpoint is gone or cannot be fetched.
    """
    store: Store = build(now["tracking"], "tracking", expected=TrackingSettings).connect()
    run = store.run(run_id)
    run_id = store.id_here(run)
    if not has_checkpoint(store, run_id):
        raise InputError(
            f"resume={run_id}: this run is {run.info.status} and has no checkpoint here or on its server: it finished, "
            "or stopped before its first epoch was complete, or ran on another machine. Train it anew"
        )
    for changed in differences(run.data.tags, circumstances(trusted_of(now))):
        console.print(Text.assemble(("Not bit for bit:", "yellow"), f" {changed}"), soft_wrap=True)
    config = gone_on_with(recorded_config(store, run_id), decided_anew(now))
    return train(config, console=console, resume=run_id, load=partial(DatasetSettings.load, judge_appearance=False))


def _opened(
    tracking: TrackingSettings, store: Store, resume: str | None, tags: Mapping[str, str]
) -> AbstractContextManager[Run]:
    if resume:
        return reopen_run(store, resume)
    return start_run(
        store,
        tracking.experiment,
        tracking.name or "default",
        tags,
        parent=_id_of(store, "tracking.parent", tracking.parent) if tracking.parent else None,
    )


def _id_of(store: Store, key: str, name: str) -> str:
    """Look up the id of the run that a setting names."""
    try:
        return str(store.run(name).info.run_id)
    except InputError as error:
        raise type(error)(f"{key}={name}: {error}") from error  # a store that is away is one that may come back


def _train(
    record: Recorder, setup: Setup, config: Config, console: Console, listeners: Sequence[EpochListener]
) -> Outcome:
    run, data, vae = record.run, record.data, record.gallery.vae
    copy = SentCheckpoint(run.store, run.id, checkpoint_of(run.id))
    with _ended_early(run, copy, resume_command(run.store.uri, run.id, trusted_of(config))):
        if not copy.checkpoint.exists():
            record.begin(config, vae)
        with TrainingProgress(setup.training.epochs, console) as progress:
            history = fit(
                vae,
                data,
                setup.training,
                checkpoint=copy.checkpoint,
                listeners=[progress.epoch, record, *listeners],
                callbacks=[progress, CheckpointSender(copy, setup.tracking.checkpoint_minutes)],
            )
        record.keep(vae)
        with console.status("Evaluating the model and drawing its pictures"):  # shown in a terminal alone
            evaluation = evaluate(vae, data, setup.evaluation)
            record.conclude(history, evaluation, setup.evaluation)
    run.once_finished(partial(_remove, copy))
    metrics = {name: values[-1] for name, values in history.items()} | evaluation.metrics()
    epochs = len(history[LOSS])
    kept = best_epoch(history, vae.objective.schedule.final_from) if epochs < setup.training.epochs else None
    return Outcome(run.id, run.name, epochs, metrics, evaluation, run.where_to_look(), kept)


def _remove(copy: SentCheckpoint) -> None:
    """Remove a checkpoint and its copy, from where on nobody can go on with the training."""
    copy.remove()
    copy.checkpoint.unlink(missing_ok=True)


@contextmanager
def _ended_early(run: Run, copy: SentCheckpoint, command: str) -> Iterator[None]:
    """Add to whatever ends a training early how far it came and how to go on; a pruned one needs no checkpoint."""
    checkpoint = copy.checkpoint
    try:
        with interruption_first():
            yield
    except Interrupted as interrupt:
        copy.send()
        raise interrupt.followed_by(f". {how_far(checkpoint, command)}") from interrupt
    except Pruned:
        run.once_finished(partial(_remove, copy))
        raise
    except Exception as error:
        if reason := unwritable(error):
            raise InputError(f"Nothing more can be written ({reason}). {how_far(checkpoint, command)}") from error
        if checkpoint.exists():
            error.add_note(how_far(checkpoint, command))  # which a traceback ends with
        raise
