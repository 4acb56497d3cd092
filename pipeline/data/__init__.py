"""Images from files to batches: a source is read, cut into splits, and served as batches with pixels in [0, 1]."""
