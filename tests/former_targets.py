"""The class paths that configs of earlier versions have as `_target_`."""

FORMER = {
    "dataset": "pipeline.data.dataset.Dataset",
    "training": "pipeline.training.settings.Training",
    "training.runtime": "pipeline.runtime.Runtime",
    "evaluation": "pipeline.evaluation.scoring.Scoring",
    "pictures.plane": "pipeline.pictures.settings.PlaneSettings",
    "tracking": "pipeline.tracking.settings.Tracking",
}
"""By the part of the config."""
