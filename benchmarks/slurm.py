"""The Slurm of this machine, if one is at work: whether jobs can be timed there beside those of other engines."""

import shutil
import subprocess
from socket import gethostname

NODE = gethostname().partition(".")[0]
"""This machine, as Slurm names it."""
PATIENCE = 30
"""Seconds in which Slurm must answer."""


def absence() -> str | None:
    """Why no job of Slurm can be timed on this machine; None if one can."""
    missing = [each for each in ("sbatch", "srun", "sinfo") if not shutil.which(each)]
    if missing:
        return f"Slurm is not installed ({', '.join(missing)})"
    command = ["sinfo", "--noheader", f"--nodes={NODE}", "--responding", "--format=%T"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"Slurm does not answer within {PATIENCE} s"
    except subprocess.CalledProcessError as error:
        return f"Slurm does not answer: {error.stderr.strip()}"
    return None if asked.stdout.strip() else f"this machine, {NODE}, is no node of Slurm"
