"""The environment of a command: the variables that it obeys, and those by which its processes find the same code."""

import os
import re
import sys
import warnings
from io import TextIOWrapper

from pipeline import ROOT
from pipeline.places import HOME, HOME_VARIABLE, IS_INSTALLED
from pipeline.secrets import KEPT

_OF_LIBRARIES = ("MLFLOW_", "_MLFLOW_", "KERAS_", "HYDRA_", "OPTUNA_")
OBEYED = (
    "MLFLOW_TRACKING_URI",
    *(f"MLFLOW_TRACKING_{name}" for name in ("USERNAME", "PASSWORD", "TOKEN", "AUTH", "AWS_SIGV4")),
    *(f"MLFLOW_TRACKING_{name}" for name in ("INSECURE_TLS", "SERVER_CERT_PATH", "CLIENT_CERT_PATH")),
    *(f"MLFLOW_HTTP_REQUEST_{name}" for name in ("MAX_RETRIES", "TIMEOUT", "BACKOFF_FACTOR", "BACKOFF_JITTER")),
    *(f"MLFLOW_S3_{name}" for name in ("ENDPOINT_URL", "IGNORE_TLS", "UPLOAD_EXTRA_ARGS", "EXPECTED_BUCKET_OWNER")),
    *(f"MLFLOW_MYSQL_SSL_{name}" for name in ("CA", "CERT", "KEY")),
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT",
    "MLFLOW_DISABLE_TELEMETRY",
    "KERAS_HOME",
)
"""Variables of libraries that say where runs are kept and how that place is reached; `KERAS_HOME` is a folder only."""

_REFERENCE = re.compile(r"\boc\.env:\s*['\"]*(\w+)")


def isolate() -> None:
    """Remove variables that a scheduler, a notebook or a profile has set for other programs of the same libraries.

    `MLFLOW_RUN_ID` would name the run to write into, `KERAS_MAX_EPOCHS` end every training, and so on: no list is
    complete, so that all variables that are not `OBEYED` are removed. It is called before the libraries are imported.
    """
    for name in [name for name in os.environ if name.startswith(_OF_LIBRARIES) and name not in OBEYED]:
        del os.environ[name]
    os.environ |= {
        "HYDRA_FULL_ERROR": "1",  # otherwise Hydra prints and exits on its own, with less help
        "KERAS_BACKEND": "tensorflow",
        "PYTHONWARNINGS": "ignore",  # warnings of libraries are for their developers; this project prints messages
        # Processes that are started import this project, and no `random.py` of the folder where the command was typed.
        "PYTHONSAFEPATH": "1",
    }
    if IS_INSTALLED or HOME_VARIABLE in os.environ:
        os.environ[HOME_VARIABLE] = str(HOME)  # absolute, as they may begin in another folder
    if not IS_INSTALLED:
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(ROOT), *_listed("PYTHONPATH")]))
    sys.warnoptions[:] = ["ignore"]  # processes that are forked from a server inherit these options
    warnings.simplefilter("ignore")
    if isinstance(sys.stdout, TextIOWrapper):
        # A character such as ±, which a terminal or a log may not have, is written as an escape.
        sys.stdout.reconfigure(errors="backslashreplace")


def forwarded_variables(composed: str) -> dict[str, str | None]:
    """Give the variables that a job of this command must have on another machine; None stands for one to be unset.

    Where data lies is the machine's own affair, unless the command says it.

    Args:
        composed: the configs of the jobs as Hydra composed them, in which `${oc.env:NAME}` refers to a variable: the
            machine that a job runs on resolves it.
    """
    optional = ["VAE_DATA_DIR", *_REFERENCE.findall(composed)]
    said = {name: os.environ[name] for name in optional if name in os.environ}
    return {name: os.environ.get(name) for name in (*OBEYED, KEPT, HOME_VARIABLE, "PYTHONPATH")} | said


def _listed(name: str) -> list[str]:
    return [each for each in os.environ.get(name, "").split(os.pathsep) if each]
