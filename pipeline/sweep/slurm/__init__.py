"""This package runs the jobs of a command under Slurm: it submits them, waits for them, and ends them tidily there."""
