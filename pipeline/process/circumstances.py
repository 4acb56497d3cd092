"""The circumstances of a run: tags of the command, commit, versions and device that made it."""

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from pipeline import ROOT, __version__
from pipeline.places import IS_INSTALLED
from pipeline.process.cores import cores
from pipeline.process.source_code import hash_of_packages

COMMAND = "command"
"""The tag with the command that made a run."""
TRUSTED_CODE = "trusted_code"
"""The tag with the hash of the code of trusted packages."""
CODE = ("pipeline", "hydra_plugins", "conf", "pyproject.toml", "requirements.lock")
"""What makes a checkout dirty: files beside them, such as pictures of the user's, change no run."""
PACKAGES = ("tensorflow", "keras", "numpy", "mlflow", "hydra-core")
"""Packages whose version may change a result or how it is recorded."""


def circumstances(trusted: Sequence[str] = ()) -> dict[str, str]:
    """Return tags: command, version, commit, whether the checkout was dirty, device, threads, oneDNN, libraries.

    Args:
        trusted: packages of the user's own, of whose code the tags have a hash.
    """
    import tensorflow as tf

    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    names = [str(gpu.get("device_name", "GPU")) for gpu in gpus]
    return {
        COMMAND: _writable(shlex.join(["python", "-m", f"pipeline.{_name(sys.argv[0])}", *sys.argv[1:]])),
        "pipeline": __version__,
        "commit": _git("rev-parse", "HEAD"),
        "dirty": {"": "false", "unknown": "unknown"}.get(_git("status", "--porcelain", "--", *CODE), "true"),
        "device": ", ".join(names) or cpu_model(),
        "threads": str(tf.config.threading.get_intra_op_parallelism_threads() or cores()),  # TensorFlow's own choice
        **({TRUSTED_CODE: hash_of_packages(trusted)[:12]} if trusted else {}),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _name(program: str) -> str:
    """Return the name of a command, `train` of both `pipeline/train.py` and `vae-train`."""
    return Path(program).stem.removeprefix("vae-")


def _writable(text: str) -> str:
    """Escape bytes that are not UTF-8, as names of files may have, so that the text can be recorded."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def cpu_model() -> str:
    """Return the name of the processor; where it gives none, its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), "") or platform.processor() or platform.machine()


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return as phrases in what two `circumstances` differ that can change a result."""
    minors = {each.get("python", "").rpartition(".")[0] for each in (before, now)}
    own = [TRUSTED_CODE] if len(minors) == 1 else []  # as each minor version of Python has a syntax of its own
    return [
        f"{name} was {before[name]}, is {now.get(name, 'none')}"
        for name in ("pipeline", "commit", *own, "device", "threads", "onednn", "python", *PACKAGES)
        if name in before and before[name] != now.get(name, "none")
    ]


def _git(*arguments: str) -> str:
    """Return git's answer about the checkout; `unknown` where there is no git, no checkout or no answer."""
    if IS_INSTALLED:  # git would answer about the repository that the environment happens to lie in
        return "unknown"
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
