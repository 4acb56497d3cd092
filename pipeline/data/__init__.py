"""Images from files to batches: a source reads them, splits divide them, and batches hold them as floats in [0, 1]."""
