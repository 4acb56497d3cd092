"""The cores that a process may use: those that a launcher or Slurm set aside for it, or all that the system allows."""

import os

CORES = "VAE_CORES"
"""The variable by which a launcher says how many cores of its node a job has; the system does not know of them."""
_OF_SLURM = "SLURM_CPUS_PER_TASK"
"""The variable by which Slurm says it, which confines a job to its cores only where the cluster is set up so."""


def cores_set_aside() -> int | None:
    """Return how many cores a launcher, or Slurm, set aside for this process; None if none were set aside."""
    said = os.environ.get(CORES) or os.environ.get(_OF_SLURM)
    return int(said) if said else None


def cores() -> int:
    """Return how many cores this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, cores_set_aside() or allowed)
