"""Settings that other settings leave without effect, a rule for each."""

from pipeline.config.effect_rule import Flat, Rule


def _needs(key: str, other: str) -> Rule:
    """A setting of something that is off while another setting is null."""
    return Rule(key=key, by=(other,), when=lambda flat: flat[other] is None, why=f"{other} is null")


def _of_classification(key: str) -> Rule:
    """A setting of a classifier of latents, which has nothing to tell where the model was told the class."""
    return Rule(
        key=key,
        by=("model", "evaluation.neighbours"),
        when=lambda flat: flat.get("model.conditional", False) and flat[key] is not None,
        why="model.conditional=true tells the model the class that a classifier of latents would be asked for",
    )


def _is_autoencoder(flat: Flat) -> bool:
    return not flat.get("objective.sampling", not flat["objective._target_"].endswith(".Regularised"))


def _of_noise(key: str, choice: str | None = None) -> Rule:
    """A setting of scores that only latents with noise have."""
    return Rule(
        key=key,
        choice=choice,
        by=("objective",),
        when=lambda flat: _is_autoencoder(flat) and flat.get(key, choice) is not None,
        why="objective= gives an autoencoder, whose latents have no noise, so that nothing bounds its likelihood",
    )


def _of_picture(key: str, picture: str) -> Rule:
    """A setting of one picture."""
    return Rule(
        key=key,
        by=("pictures.final",),
        when=lambda flat: flat["pictures.final"] is not None and picture not in flat["pictures.final"],
        why=f"pictures.final leaves {picture} out",
    )


def _of_steps(key: str) -> Rule:
    """A setting of the learning rate's steps."""
    return Rule(
        key=key,
        by=("training.epochs", "training.schedule"),
        when=lambda flat: min(flat.get("training.schedule.milestones") or [0]) >= flat["training.epochs"],
        why="training.epochs ends before the first of training.schedule.milestones",
    )


def _is_by_rate(flat: Flat) -> bool:
    return str(flat["objective.schedule._target_"]).endswith(".ByRate")


def _of_rise(key: str) -> Rule:
    """A setting of a schedule whose last rise takes longer than the training."""

    def is_too_long(flat: Flat) -> bool:
        epochs, cycles = flat["objective.schedule.epochs"], flat.get("objective.schedule.cycles", 1)
        rise = flat.get("objective.schedule.rise", 1)
        last = next((epoch for epoch in range(epochs) if epoch / epochs >= rise), epochs)
        return rise > 0 and epochs * (cycles - 1) + last >= flat["training.epochs"]

    why = "training.epochs ends before the weight has risen for the last time, so that no epoch counts as the best"
    return Rule(key=key, by=("training.epochs", "objective.schedule"), when=is_too_long, why=why, lacks="full effect")


def _of_plane(plane: str, axis: str, *by: str, lacks: str = "effect") -> Rule:
    """The ends of an axis of a plane. Coordinates of an autoencoder are even, whatever `spacing` is."""
    return Rule(
        key=f"{plane}.{axis}",
        by=(f"{plane}.spacing", *by),
        when=lambda flat: flat[f"{plane}.spacing"] == "quantile" and not ("objective" in by and _is_autoencoder(flat)),
        why=f"only even coordinates have ends: add {plane}.spacing=even",
        lacks=lacks,
    )


def _prunes_nothing(flat: Flat) -> bool:
    objective = flat["sweep.objective"]
    is_one = isinstance(objective, str) or len(objective) == 1
    return is_one and "NopPruner" in flat["sweep.pruner._target_"]


def _has_no_factors(flat: Flat) -> bool:
    source = str(flat["dataset.source._target_"])
    return source.startswith("pipeline.") and source not in WITH_FACTORS


WITHOUT_FILES = ("pipeline.data.digits.Digits", "pipeline.data.shapes.Shapes")
"""Sources that read no files."""
WITH_FACTORS = ("pipeline.data.shapes.Shapes", "pipeline.data.dsprites.DSprites")
"""Sources of this project whose images have known factors."""
OF_NOISE = ("importance_samples", "nll_images", "information_images", "annealing_steps", "annealing_images")
"""Settings of the evaluation for scores of latents with noise."""
RULES = (
    Rule(
        key="dataset.dir",
        by=("dataset",),
        when=lambda flat: flat.get("dataset.source._target_") in WITHOUT_FILES,
        why="these images need no files. For some of your own add dataset=folder or dataset=npz; or leave it out",
        is_refused=True,
    ),
    *(_of_plane("pictures.plane", axis, "objective") for axis in "xy"),
    _of_picture("pictures.mixture", "samples"),
    _of_picture("pictures.pairs", "interpolations"),
    _of_picture("pictures.points", "points"),
    _of_steps("training.schedule.milestones"),
    _of_steps("training.schedule.factor"),
    _of_steps("training/schedule"),
    _of_rise("objective.schedule"),
    _of_rise("objective/schedule"),
    Rule(
        key="objective/schedule",
        by=("objective", "objective.schedule"),
        when=lambda flat: (
            flat["objective._target_"].endswith(".WeightedElbo")
            and flat["objective.beta"] == 0
            and flat["objective.schedule.of"] in (None, "beta")
            and not _is_by_rate(flat)
        ),
        why="objective.beta is 0",
    ),
    Rule(
        key="model.scale",
        by=("model.levels",),
        when=lambda flat: flat.get("model.levels") is not None,
        why="model.levels makes codes, which have no scale",
    ),
    Rule(
        key="training.patience",
        by=("objective.schedule", "objective"),
        when=_is_by_rate,
        why="objective/schedule=by_rate moves the weight to the end, so that no epoch is the best",
    ),
    Rule(
        key="objective.beta",
        by=("objective.schedule", "objective"),
        when=_is_by_rate,
        why="objective/schedule=by_rate moves it: set objective.schedule.rate",
    ),
    Rule(
        key="objective.free_bits",
        by=("objective.beta", "objective.schedule"),
        when=lambda flat: flat["objective.beta"] == 0 and not _is_by_rate(flat),
        why="objective.beta is 0",
    ),
    _needs("evaluation.nll_images", "evaluation.importance_samples"),
    _needs("evaluation.neighbour_images", "evaluation.neighbours"),
    _needs("evaluation.annealing_images", "evaluation.annealing_steps"),
    *(_of_noise(f"evaluation.{key}") for key in OF_NOISE),
    _of_noise("evaluation", choice="annealing"),
    Rule(
        key="evaluation.factor_samples",
        by=("dataset",),
        when=_has_no_factors,
        why="these images have no known factors, as those of dataset=shapes and dataset=dsprites have",
    ),
    _of_classification("evaluation.neighbours"),
    _of_classification("evaluation.neighbour_images"),
    _of_classification("evaluation.linear_probe"),
    Rule(
        key="what",
        by=("point",),
        when=lambda flat: flat["point"] is not None,
        why="point= decides what is made. Leave one out",
        is_refused=True,
    ),
    Rule(
        key="what.pairs",
        by=("what.files",),
        when=lambda flat: bool(flat["what.files"]),
        why="what.files decide. Leave one out",
        is_refused=True,
    ),
    Rule(
        key="what.components",
        by=("what.density",),
        when=lambda flat: flat["what.density"] == "prior",
        why="add what.density=mixture",
        is_refused=True,
    ),
    *(_of_plane("what.settings", axis, lacks="effect, unless the run is an autoencoder") for axis in "xy"),
    Rule(
        key="sweep.seed",
        by=(),
        when=lambda flat: "Grid" in flat["sweep.sampler._target_"],
        why="a grid has no chance in it",
    ),
    Rule(key="sweep.prune_by", by=(), when=_prunes_nothing, why="sweep/pruner=none prunes nothing"),
)
