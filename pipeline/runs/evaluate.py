"""A finished run evaluated once more: new scores join its record, those that the run has stay as they are."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from pipeline.config.build import build, trusted_of
from pipeline.config.names import Config, flatten, run_name, shown
from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.image_scores import ImageScores
from pipeline.evaluation.scores import CATALOGUE, Score
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.models.vae import VAE
from pipeline.process.circumstances import circumstances
from pipeline.runs.loaded_run import LoadedRun, load
from pipeline.runs.recorded_scores import recorded_scores
from pipeline.text.wording import counted, one_line
from pipeline.tracking.comparability import made_by
from pipeline.tracking.ended_run import add_files, amend
from pipeline.tracking.settings import store_of
from pipeline.tracking.store import Store
from pipeline.tracking.tags import FEATURE_NETWORK

OF_IMAGES = ("seed", "importance_samples", "nll_images")
"""Settings that the scores of single images depend on."""


@dataclass(frozen=True)
class EvaluatedRun:
    """A run with the scores of its model now and those in its record.

    Attributes:
        name: of the run.
        metrics: the scores now, by the name under which the run keeps them.
        recorded: those of them that the run had before.
        evaluation: the scores now.
        images: a line that says whether the scores of single images are in the record.
        absent: a line for each setting that asks for scores which this model, or its data, cannot have.
    """

    name: str
    metrics: dict[str, float]
    recorded: dict[str, float]
    evaluation: Evaluation
    images: str
    absent: list[str]

    def report(self, console: Console) -> None:
        """Print a table of the scores, which says of each whether the run had it already."""
        table = Table("", "now", "in the record", title=Styled(one_line(self.name)), title_justify="left", box=None)
        for name, value in self.metrics.items():
            before = self.recorded.get(name)
            known = "added" if before is None else "the same" if before == value else f"{before:.6g}"
            table.add_row(Styled(name), f"{value:.6g}", known)
        console.print(table)
        console.print(Styled(self.images), soft_wrap=True)
        if self.evaluation.samples:
            console.print(f"Scores of samples are of {counted(self.evaluation.samples, 'sample')}", highlight=False)
        for line in (*self.absent, *filter(None, [self.evaluation.warning])):
            console.print(Styled(line, style="yellow"), soft_wrap=True)


def evaluate_run(config: Config) -> EvaluatedRun:
    """Evaluate the model of the run that `config` names, and record the scores that the run lacks, of images too.

    Scores by settings that differ from the run's own, or in features of another network, carry the difference in their
    name, such as `test importance_samples:5000/nll`.

    Raises:
        InputError: a wrong setting, or a run that cannot be read, with the reason.
    """
    trusted = trusted_of(config)
    settings: EvaluationSettings = build(config["evaluation"], "evaluation", trusted, expected=EvaluationSettings)
    store = store_of(config)
    trained = load(store, str(config["run"]), dataset_dir=config["dataset_dir"], trusted=trusted)
    evaluation = evaluate(trained.vae, trained.data, settings)
    prefix, tags = _naming(trained, config["evaluation"], evaluation)
    metrics = evaluation.metrics(prefix)
    recorded = {name: value for name, value in trained.metrics.items() if name in metrics}
    added = {name: value for name, value in metrics.items() if name not in recorded}
    facts = {**flatten({"evaluation": config["evaluation"]}), **tags, **metrics, **circumstances()}
    amend(store, trained.id, "evaluations", json.dumps(facts, indent=1), metrics=added, tags=tags)
    assert evaluation.images
    own = flatten(trained.config.get("evaluation") or {})
    asked = flatten(config["evaluation"])
    images = _keep_images(store, trained.id, evaluation.images, _others(own, asked))
    new = {key: shown(value) for key, value in asked.items() if value is not None and value != own.get(key)}
    return EvaluatedRun(trained.name, metrics, recorded, evaluation, images, _absent(trained, new, evaluation))


def _absent(trained: LoadedRun, asked: dict[str, str], evaluation: Evaluation) -> list[str]:
    """Say of each setting of which no score was computed why the model or its data have none."""
    made = {CATALOGUE[name.rpartition("/")[2]].needs for name in evaluation.metrics()}
    needed = {score.needs: score for score in CATALOGUE.values() if score.needs in asked and score.needs not in made}
    return [
        f"evaluation.{key}={asked[key]} gives this run no score: {why_absent(score, trained.vae, trained.data)}"
        for key, score in needed.items()
        if key
    ]


def why_absent(score: Score, vae: VAE, data: ImageData) -> str:
    """Say why a model, or its data, have no score of a kind."""
    if score.of_posterior and not vae.objective.sampling:
        return "the latents of an autoencoder have no noise, so that it has no likelihood to be bounded"
    if score.of_all_classes:
        return "its encoder is told the class" if vae.conditional else "its images have one class"
    if score.of_factors and not data.factors:
        return "its images have no known factors"
    if score.of_factors:
        return "there are too few images of each value of a factor, or its encoder is told the factor"
    return "the images are too few, or the numbers of this model are not finite"


def _naming(trained: LoadedRun, now: Config, evaluation: Evaluation) -> tuple[str, dict[str, str]]:
    """The beginning of the names of scores, and the tags that say by what settings a run has them under these names.

    Scores that the record leaves out are added under their plain names if nothing else differs. The settings by which
    scores of these names were made become tags, also of a run of an earlier version, which recorded none.

    Args:
        trained: the run.
        now: the settings of the evaluation.
        evaluation: by these settings.
    """
    before = flatten({"evaluation": trained.config.get("evaluation") or {}})
    own = {key: shown(value) for key, value in before.items()} | trained.tags
    asked = {key: shown(value) for key, value in flatten({"evaluation": now}).items()}
    split = asked.pop("evaluation.split")
    asked |= {FEATURE_NETWORK: evaluation.feature_network} if evaluation.feature_network else {}
    may_be_left_out = {f"evaluation.{score.needs}" for score in CATALOGUE.values()}
    nothing = {key for key in may_be_left_out if asked.get(key) == "null"}
    different = {key: value for key, value in asked.items() if own.get(key, value) != value and key not in nothing}
    new = {key for key in different if key in may_be_left_out and own[key] == "null"}
    if different.keys() > new:
        # MLflow allows no equals sign in the name of a metric.
        return f"{split} {run_name({}, different).replace('=', ':')}", {}
    made = [(name, key) for name in evaluation.metrics() for key in made_by(name)]
    # Of what an earlier version recorded, only its own config tells by what it was made.
    return split, {key: asked[key] for name, key in made if key in own or name not in trained.metrics}


def _others(own: Config, asked: Config) -> str:
    """The settings of a run, as they are typed, that other scores of single images were asked for than it has."""
    return " ".join(
        f"evaluation.{key}={shown(own[key])}" for key in OF_IMAGES if own.get(key, asked[key]) != asked[key]
    )


def _keep_images(store: Store, run_id: str, scores: ImageScores, others: str) -> str:
    """Keep the scores of single images in a run that has none, or a damaged file, and say so; not by other settings."""
    said = f"The scores of each image ({scores.name})"
    if others:
        return f"{said} are kept only by the settings that the run was trained with: {others}"
    try:
        if recorded_scores(store, run_id, scores.split):
            return f"{said} are in the record"
    except InputError as error:
        said = f"{error}. {said}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / scores.name
        path.write_bytes(scores.parquet)
        add_files(store, run_id, [path])
    return f"{said} are added"
