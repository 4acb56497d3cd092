"""Whether a tracking server answers, whether it is MLflow's, and new enough."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from packaging.version import InvalidVersion, Version
from urllib3.exceptions import LocationParseError

from pipeline.address import Address
from pipeline.errors import InputError

NEEDED = Version("3.0.0")
"""The first that keeps models as we store them."""
ELSE = "Or leave tracking.uri and MLFLOW_TRACKING_URI out to use the file in mlruns/"
_MODELS, _EXPERIMENTS = "/api/2.0/mlflow/logged-models/search", "/api/2.0/mlflow/experiments/search?max_results=1"


def check_server(uri: Address) -> None:
    """Ask the server who it is.

    Raises:
        InputError: it does not answer, not as MLflow does, or as one that is too old; with the reason and the cure.
    """
    answer = _asked(uri, "/version")
    version = _version(answer)
    if version is None and answer.status_code in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
        _refuse_foreign(_asked(uri, _EXPERIMENTS))  # a proxy may let nothing else pass
        models = _asked(uri, _MODELS, experiment_ids=["0"])
        if models.status_code == HTTPStatus.NOT_FOUND and "experiment" not in models.text.lower():
            raise InputError(_too_old("an MLflow without logged models"))
    elif version is None:
        _refuse_foreign(answer)
    elif version < NEEDED:
        raise InputError(_too_old(f"MLflow {version}"))


def _asked(uri: Address, path: str, **json: object) -> requests.Response:
    how = {"method": "POST", "json": json} if json else {"method": "GET"}
    try:
        return http_request(get_default_host_creds(uri.full), path, raise_on_status=False, **how)
    except MlflowException as error:
        raise InputError(f"no answer from MLflow there: {_silence(uri, error)}. {ELSE}") from error


def _version(answer: requests.Response) -> Version | None:
    try:
        return Version(answer.text.strip()) if answer.ok else None
    except InvalidVersion:
        return None


def _too_old(found: str) -> str:
    return (
        f"the server is {found}, and {NEEDED} or newer is needed, which keeps trained models. Have it brought up to "
        f"date: where it runs, pip install --upgrade 'mlflow>={NEEDED}' and mlflow db upgrade <its database>. {ELSE}"
    )


def _refuse_foreign(answer: requests.Response) -> None:
    status = answer.status_code
    if answer.ok and "json" in answer.headers.get("Content-Type", ""):
        return
    said = f"{status} {answer.reason}"
    title = re.search(r"<title>\s*(.*?)\s*</title>", answer.text, re.IGNORECASE | re.DOTALL)
    page = f" with the page “{title[1][:80]}”" if title else ""
    cures = {
        401: "It wants a user: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
        403: "It knows the user and lets them do nothing: ask whoever runs it, or be another user by "
        "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD. Since MLflow 3.5 its --allowed-hosts may be why",
        407: "That is the proxy on the way: give it a user in http_proxy or https_proxy, or go past it with no_proxy",
        429: "It is asked too much: wait a minute",
    }
    other = "That is not MLflow: correct host, port or path"
    if status in (502, 503, 504):
        other = "A proxy answers, and MLflow behind it does not: have it started, or go past the proxy with no_proxy"
    elif status >= 500 and status != 501:
        other = "Its own log says why it fails: ask whoever runs it"
    raise InputError(f"it answers {said}{page}. {cures.get(status, other)}. {ELSE}")


def _silence(uri: Address, error: BaseException) -> str:
    """Why there was no answer, and what to do."""
    causes, host = list(_causes(error)), urlsplit(uri.full).hostname
    kinds = {kind for cause in causes for kind in type(cause).__mro__}
    if kinds & {LocationParseError, requests.exceptions.InvalidURL} or not host:
        return "that is no address; wanted http://host:port"
    if requests.exceptions.ProxyError in kinds:
        return f"the proxy on the way refuses ({_last(causes)}). Correct http_proxy or https_proxy, or say no_proxy={host}"
    if requests.exceptions.SSLError in kinds:
        return _no_trust(str(causes[-1]), causes)
    if socket.gaierror in kinds:
        return f"no machine is known as {host} ({_last(causes)}). Correct the name, or see to the network"
    if ConnectionRefusedError in kinds:
        return "nothing listens there (connection refused). Start the server, or correct host and port"
    if kinds & {TimeoutError, requests.exceptions.Timeout}:
        return "it took too long: the server is busy, or a firewall lets nothing pass. Try again, or correct host and port"
    if any(getattr(cause, "errno", None) in (errno.ENETUNREACH, errno.EHOSTUNREACH) for cause in causes):
        return f"no way leads to {host} ({_last(causes)}). See to the network; perhaps there is a VPN to start"
    return f"{_last(causes)}. Correct the address: https:// where the server wants it, host and port"


def _no_trust(said: str, causes: list[BaseException]) -> str:
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return (
            f"its certificate cannot be verified ({said}). Name the authority that signed it: "
            "MLFLOW_TRACKING_SERVER_CERT_PATH=/path/to/authority.pem"
        )
    return f"it does not speak TLS as we do ({said}). Write http:// if it has none"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what lies behind it, which libraries keep in several places."""
    while error is not None:
        yield error
        inner = [getattr(error, "reason", None), *error.args]
        error = (
            error.__cause__
            or error.__context__
            or next((each for each in inner if isinstance(each, BaseException)), None)
        )


def _last(causes: list[BaseException]) -> str:
    last = causes[-1]
    return str(getattr(last, "strerror", None) or last) or type(last).__name__
