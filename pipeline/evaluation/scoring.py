"""The former place of the evaluation's settings, which stored configs still name as `_target_`."""

from pipeline.evaluation.settings import EvaluationSettings as Scoring

__all__ = ["Scoring"]
