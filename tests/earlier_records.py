"""Records of runs as earlier versions made them."""

from pipeline.config.names import Config

FORMER = {
    "dataset": "pipeline.data.dataset.Dataset",
    "training": "pipeline.training.settings.Training",
    "training.runtime": "pipeline.runtime.Runtime",
    "evaluation": "pipeline.evaluation.scoring.Scoring",
    "pictures.plane": "pipeline.pictures.settings.PlaneSettings",
    "tracking": "pipeline.tracking.settings.Tracking",
}
"""The class paths that configs of earlier versions have as `_target_`, by the part of the config."""


def make_earlier(config: Config) -> None:
    """Make a recorded config into that of an earlier version: former class paths, no choices, and fewer keys."""
    config.pop("choices", None)
    del config["tracking"]["checkpoint_minutes"]
    for key in ("linear_probe", "samples", "annealing_steps", "annealing_images", "factor_samples"):
        del config["evaluation"][key]
    for key in ("conditional", "levels"):
        del config["model"][key]
    schedule = config["objective"].pop("schedule")
    config["objective"] |= {
        "_target_": "pipeline.models.objective.Objective",
        "warmup_epochs": schedule.get("epochs", 0),
    }
    for part, former in FORMER.items():
        node = config
        for name in part.split("."):
            node = node[name]
        node["_target_"] = former
