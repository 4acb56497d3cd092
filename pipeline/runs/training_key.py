"""The key by which two trainings are known to be the same, so that one of them need not be done."""

import hashlib
import json

from pipeline.config.names import Config, flatten
from pipeline.runs.decisive_code import code_of
from pipeline.runs.record import GROUPS

IRRELEVANT = ("dataset.dir", "training.runtime.threads")
"""Settings that change no number, but for the last bits."""


def training_key(config: Config, fingerprint: str) -> str | None:
    """Return a hash that equal settings, data and code have in common; None where the user's code takes part.

    Args:
        config: composed and resolved.
        fingerprint: of the data.
    """
    if config["trusted"]:
        return None
    # With targets: an Adam and a Nadam of the same settings are two optimizers.
    settings = flatten({name: config[name] for name in (*GROUPS, "evaluation")}, targets=True)
    numbers = {key: value for key, value in settings.items() if key not in IRRELEVANT}
    facts = json.dumps([numbers, config.get("init"), fingerprint, code_of()], sort_keys=True, default=str)
    return hashlib.sha256(facts.encode()).hexdigest()
