"""What a trained model is worth on images that it has not seen."""
