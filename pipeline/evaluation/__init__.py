"""What a trained model is worth on images that it has not seen."""

from pipeline.evaluation.evaluation import Evaluation, evaluate
from pipeline.evaluation.scoring import Scoring

__all__ = ["Evaluation", "Scoring", "evaluate"]
