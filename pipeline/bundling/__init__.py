"""Bundles: runs, and the study that they are of, in one file, to be brought into another store."""
