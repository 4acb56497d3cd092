"""What makes two trainings the same, so that one of them need not be done."""

import hashlib
import json
from functools import cache

from pipeline import ROOT
from pipeline.config import Config, flatten
from pipeline.record import GROUPS

INERT = ("dataset.dir", "training.runtime.threads")
"""Settings that change no number, but for the last bits."""


def recipe_of(config: Config, fingerprint: str) -> str | None:
    """A text that is equal for trainings of the same settings, data and code; None where code of the user's takes part.

    Args:
        config: composed and resolved.
        fingerprint: of the data.
    """
    if config["trusted"]:
        return None
    # With targets: an Adam and a Nadam of the same settings are two optimizers.
    settings = flatten({name: config[name] for name in (*GROUPS, "evaluation")}, targets=True)
    numbers = {key: value for key, value in settings.items() if key not in INERT}
    facts = json.dumps([numbers, config.get("init"), fingerprint, _code()], sort_keys=True, default=str)
    return hashlib.sha256(facts.encode()).hexdigest()


@cache
def _code() -> str:
    files = sorted((ROOT / "pipeline").rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
