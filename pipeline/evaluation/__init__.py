"""The evaluation of a trained model on images that it has not seen."""
