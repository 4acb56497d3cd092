"""Whether a tracking server answers, whether it is MLflow's, and new enough."""

import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from socket import gaierror
from urllib.parse import urlsplit

import requests
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, TEMPORARILY_UNAVAILABLE, ErrorCode
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from packaging.version import InvalidVersion, Version
from requests.exceptions import InvalidURL, ProxyError, SSLError, Timeout
from urllib3.exceptions import LocationParseError

from pipeline.address import Address
from pipeline.errors import InputError, ServerSilent
from pipeline.tracking.store_address import impatience, is_server

NEEDED = Version("3.0.0")
"""The first that keeps models as we store them."""
ELSE = "Or leave tracking.uri and MLFLOW_TRACKING_URI out to use the file in mlruns/"
_MODELS = "/api/2.0/mlflow/logged-models/search"
_EXPERIMENTS = "/api/2.0/mlflow/experiments/search?max_results=1"
MISTAKEN = {LocationParseError, InvalidURL, ProxyError, SSLError, ssl.SSLError}
"""Errors that a server's return does not cure."""
_SILENCE = tuple(map(ErrorCode.Name, (INTERNAL_ERROR, TEMPORARILY_UNAVAILABLE)))
"""Codes of MLflow's errors where a server did not answer, or is out of order itself."""


def check_server(uri: Address) -> None:
    """Check that a server is MLflow's and new enough.

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


@contextmanager
def silence_told(uri: Address) -> Iterator[None]:
    """Tell a tracking server that does not answer a request of this block from one that refuses it.

    Raises:
        StoreUnreachable: no answer came, or one of a server that is out of order.
    """
    try:
        yield
    except MlflowException as error:
        if not is_server(uri) or error.error_code not in _SILENCE:
            raise
        raise ServerSilent(f"{uri} does not answer: {_silence(uri, error)}") from error
    except requests.RequestException as error:  # of files, which MLflow sends without an error of its own
        status = error.response.status_code if error.response is not None else HTTPStatus.SERVICE_UNAVAILABLE
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
            raise
        raise ServerSilent(f"{uri} does not answer: {_silence(uri, error)}") from error


@contextmanager
def prompt_answers(uri: Address) -> Iterator[None]:
    """Have a tracking server answer each request of this block within seconds, where MLflow would wait for minutes.

    Raises:
        StoreUnreachable: it did not.
    """
    with impatience(), silence_told(uri):
        yield


def _asked(uri: Address, path: str, **json: object) -> requests.Response:
    how = {"method": "POST", "json": json} if json else {"method": "GET"}
    try:
        return http_request(get_default_host_creds(uri.full), path, raise_on_status=False, **how)
    except MlflowException as error:
        kind = InputError if MISTAKEN & _kinds(error) else ServerSilent
        raise kind(f"no answer from MLflow there: {_silence(uri, error)}. {ELSE}") from error


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
        401: "It requires a login: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
        403: "This user has no permission: ask whoever runs the server, or log in as another user by "
        "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD. Since MLflow 3.5 its --allowed-hosts may be why",
        407: "The proxy on the way requires a login: put a user into http_proxy or https_proxy, or set no_proxy",
        429: "The server gets too many requests: wait a minute",
    }
    other = "This is no MLflow server: correct host, port or path"
    if status in (502, 503, 504):
        other = "A proxy answers, and MLflow behind it does not: have it started, or go past the proxy with no_proxy"
    elif status >= 500 and status != 501:
        other = "Its own log says why it fails: ask whoever runs it"
    kind = ServerSilent if status == HTTPStatus.TOO_MANY_REQUESTS or (status >= 500 and status != 501) else InputError
    raise kind(f"it answers {said}{page}. {cures.get(status, other)}. {ELSE}")


def _silence(uri: Address, error: BaseException) -> str:
    """The reason why a server gave no answer, and what to do about it."""
    causes = list(_causes(error))
    host = urlsplit(uri.full).hostname
    kinds = _kinds(error) | (set() if host else {InvalidURL})
    last = str(getattr(causes[-1], "strerror", None) or causes[-1]) or type(causes[-1]).__name__
    other = f"{last}. Check the network, or correct the address: https:// where the server wants it, host and port"
    return next((said for known, said in _reasons(last, host) if kinds & known), other)


def _reasons(last: str, host: str | None) -> Sequence[tuple[set[type], str]]:
    """The reasons why a server gave no answer, each with the errors by which it is known."""
    return (
        ({LocationParseError, InvalidURL}, "that is no address; expected http://host:port"),
        (
            {ProxyError},
            f"the proxy on the way refuses ({last}). Correct http_proxy or https_proxy, or set no_proxy={host}",
        ),
        (
            {ssl.SSLCertVerificationError},
            f"its certificate cannot be verified ({last}). Name the authority that signed it: "
            "MLFLOW_TRACKING_SERVER_CERT_PATH=/path/to/authority.pem",
        ),
        ({SSLError}, f"it does not speak TLS as we do ({last}). Write http:// if it has none"),
        ({gaierror}, f"no machine is known as {host} ({last}). Correct the name, or see to the network"),
        (
            {ConnectionRefusedError},
            "nothing listens there (connection refused). Start the server, or correct the port",
        ),
        (
            {TimeoutError, Timeout},
            "it took too long: the server is busy, or a firewall lets nothing pass. Try again, or correct the port",
        ),
    )


def _kinds(error: BaseException) -> set[type]:
    return {kind for cause in _causes(error) for kind in type(cause).__mro__}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Iterate over an error and its causes, which libraries keep in several places."""
    while error is not None:
        yield error
        inner = [getattr(error, "reason", None), *error.args]
        error = (
            error.__cause__
            or error.__context__
            or next((each for each in inner if isinstance(each, BaseException)), None)
        )
