"""The pictures of the documentation are made from runs: trained by the commands below unless they are there already.

    python docs/pictures.py            trains what is missing, some minutes, and writes docs/pictures/*.png

MNIST is needed for the picture of the README. All other data are embedded or drawn.
"""

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mlflow.entities import Run  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402
from PIL import Image  # noqa: E402

from pipeline import plotting  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
TRAIN = "-m pipeline.train"
BARE = "pictures=few 'pictures.final=[]'"
KL_WEIGHTS = "latent_dim=8 objective.beta=0.1,0.3,1,3,10"
LIKELIHOODS = "latent_dim=8 likelihood=continuous_bernoulli,gaussian,gaussian_optimal"
RUNS = {
    ("digits", "default"): f"{TRAIN} tracking.name=default",
    ("digits", "tutorial"): f"{TRAIN} -m sweep=study sweep.study=tutorial sweep.n_trials=8 model.latent_dim=2,4,8,16 "
    "'training.learning_rate=tag(log, interval(1e-4, 1e-2))'",
    ("kl_weights", KL_WEIGHTS): f"{TRAIN} -m model.{KL_WEIGHTS} tracking.experiment=kl_weights",
    ("likelihoods", LIKELIHOODS): f"{TRAIN} -m model.{LIKELIHOODS} {BARE} tracking.experiment=likelihoods",
    ("factors", "factors"): f"{TRAIN} dataset=shapes model.latent_dim=6 objective=beta_tc objective.beta=8 "
    "training/schedule=one_cycle training.epochs=40 training.batch_size=256 training.learning_rate=0.003 "
    "training.patience=null tracking.experiment=factors tracking.name=factors",
    (
        "generalisation",
        "generalisation",
    ): f"{TRAIN} model.latent_dim=8 dataset.limit=100 training.epochs=150 training.learning_rate=0.003 "
    f"training.patience=null {BARE} tracking.experiment=generalisation tracking.name=generalisation",
    ("readme", "readme"): f"{TRAIN} dataset=mnist training=fast tracking.experiment=readme tracking.name=readme",
}
"""The command of each run that is shown, by experiment and name."""
ARTIFACTS = {
    "latent_space.png": ("readme", "readme", "plane.png", 1100),
    "first_reconstructions.png": ("digits", "default", "reconstructions.png", 560),
    "first_plane.png": ("digits", "default", "plane.png", 900),
    "losses.png": ("digits", "default", "losses.png", 760),
    "study_wall.png": ("digits", "tutorial", "wall.png", 900),
    "study_history.png": ("digits", "tutorial", "history.png", 700),
    "weights_side_by_side.png": ("kl_weights", KL_WEIGHTS, "side_by_side.png", 1000),
    "traversals.png": ("kl_weights", "beta=1", "traversals.png", 700),
    "factors.png": ("factors", "factors", "factors.png", 560),
    "factor_traversals.png": ("factors", "factors", "traversals.png", 700),
}
"""The experiment, run and artifact that each picture is a copy of, and the width of the copy, pixels."""


class Store:
    """The runs of this checkout."""

    def __init__(self) -> None:
        self.client = MlflowClient(f"sqlite:///{ROOT / 'mlruns' / 'mlflow.db'}")

    def find(self, experiment: str, name: str) -> Run | None:
        """The latest finished run of this name, if there is one."""
        found = self.client.get_experiment_by_name(experiment)
        runs = self.client.search_runs([found.experiment_id]) if found else []
        return next((run for run in runs if run.info.run_name == name and run.info.status == "FINISHED"), None)

    def run(self, experiment: str, name: str) -> Run:
        """The latest finished run of this name.

        Raises:
            LookupError: there is none.
        """
        if run := self.find(experiment, name):
            return run
        raise LookupError(f"There is no finished run {name} in the experiment {experiment}")

    def scores(self, experiment: str, name: str) -> dict[str, float]:
        """The scores of a run by name, without the split."""
        metrics = self.run(experiment, name).data.metrics
        return {key.removeprefix("test/"): value for key, value in metrics.items() if key.startswith("test/")}

    def curve(self, experiment: str, name: str, metric: str) -> tuple[list[int], list[float]]:
        """The epochs and values of a metric."""
        history = self.client.get_metric_history(self.run(experiment, name).info.run_id, metric)
        return [each.step for each in history], [each.value for each in history]


def small(source: Path, target: Path, width: int) -> None:
    """Write a copy of this width in 200 colours."""
    picture = Image.open(source).convert("RGB")
    height = round(picture.height * width / picture.width)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS) if width < picture.width else picture
    picture.quantize(200, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(target, optimize=True)


def weights(store: Store) -> plotting.Figure:
    """Rate, distortion and negative ELBO of the family of KL weights."""
    betas = [0.1, 0.3, 1, 3, 10]
    scores = [store.scores("kl_weights", f"beta={beta:g}") for beta in betas]
    figure, axes = _axes("objective.beta", "nats per image, test split")
    axes.set_xscale("log")
    axes.set_xticks(betas, [f"{beta:g}" for beta in betas])
    axes.minorticks_off()
    for label, values in (
        ("rate", [each["rate"] for each in scores]),
        ("distortion", [each["distortion"] for each in scores]),
        ("−ELBO: their sum", [-each["elbo"] for each in scores]),
    ):
        axes.plot(betas, values, marker="o", label=label)
    axes.legend(frameon=False)
    return figure


def bounds(store: Store) -> plotting.Figure:
    """The two upper bounds on −log p(image) of the family of KL weights."""
    betas = [0.1, 0.3, 1, 3, 10]
    scores = [store.scores("kl_weights", f"beta={beta:g}") for beta in betas]
    figure, axes = _axes("objective.beta", "upper bound on −log p(image), nats")
    places = range(len(betas))
    axes.bar([place - 0.2 for place in places], [-each["elbo"] for each in scores], 0.38, label="−ELBO")
    axes.bar([place + 0.2 for place in places], [each["nll"] for each in scores], 0.38, label="NLL, 50 samples")
    axes.set_xticks(places, [f"{beta:g}" for beta in betas])
    axes.set_ylim(22, 31)
    axes.legend(frameon=False)
    return figure


def likelihoods(store: Store) -> plotting.Figure:
    """Bits per dimension of densities of the same pixels."""
    names = ["continuous_bernoulli", "gaussian", "gaussian_optimal"]
    bits = [store.scores("likelihoods", f"likelihood={name}")["bits_per_dimension"] for name in names]
    figure, axes = _axes("bits per dimension, test split", "")
    axes.barh(names, bits, color="C0")
    axes.axvline(8, color="grey", linestyle="--")
    axes.text(7.9, 2.55, "8 bits: pixels as stored", ha="right", va="bottom", color="grey")
    axes.set_ylim(-0.6, 3.0)
    return figure


def generalisation(store: Store) -> plotting.Figure:
    """The ELBO of training and validation images over a training on few images."""
    figure, axes = _axes("epoch", "ELBO, nats per image")
    for split in ("train", "validation"):
        axes.plot(*store.curve("generalisation", "generalisation", f"{split}/epoch/elbo"), label=split)
    axes.set_ylim(bottom=-36)
    axes.legend(frameon=False)
    return figure


def _axes(across: str, up: str) -> tuple[plotting.Figure, object]:
    figure = plotting.Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot(xlabel=across, ylabel=up)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


DRAWN = {
    "kl_weight.png": weights,
    "nll_bound.png": bounds,
    "likelihoods.png": likelihoods,
    "generalisation.png": generalisation,
}


def main() -> None:
    """Train what is missing, and write all pictures."""
    for (experiment, name), command in RUNS.items():
        if Store().find(experiment, name) is None:
            subprocess.run([sys.executable, *shlex.split(command)], cwd=ROOT, check=True)
    store = Store()
    FOLDER.mkdir(exist_ok=True)
    for target, (experiment, name, artifact, width) in ARTIFACTS.items():
        run_id = store.run(experiment, name).info.run_id
        small(Path(store.client.download_artifacts(run_id, artifact)), FOLDER / target, width)
    for target, draw in DRAWN.items():
        draw(store).savefig(FOLDER / target, dpi=110)
        small(FOLDER / target, FOLDER / target, 704)
    drawn = ROOT / "mlruns" / "generated" / "docs_champion"
    if not drawn.exists():
        champion = ("-m", "pipeline.generate", "run=tutorial@champion", "what.n=24", f"out={drawn}")
        subprocess.run([sys.executable, *champion], cwd=ROOT, check=True)
    small(drawn / "samples.png", FOLDER / "champion_samples.png", 560)


if __name__ == "__main__":
    main()
