"""Small servers of tests: one that asks for a password before it passes requests on, and one that answers anything."""

import base64
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

Handled = Callable[["_Handler"], None]
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-encoding", "content-length", "keep-alive", "date", "server"}


class _Handler(BaseHTTPRequestHandler):
    """Hands every request to the server's function."""

    def _handle(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.handled(self)  # type: ignore[attr-defined]

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 — the library's names

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """To nobody."""


@contextmanager
def _serving(handled: Handled) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.handled = handled  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def guarded(upstream: str, user: str, password: str) -> Iterator[str]:
    """Host and port of a proxy in front of a server that lets only this user in."""
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def handled(request: _Handler) -> None:
        if request.headers.get("Authorization") != expected:
            request.reply(401, b"<html><title>Who are you?</title></html>", Content_Type="text/html")
        else:
            _pass_on(request, upstream)

    with _serving(handled) as place:
        yield place


@contextmanager
def without_artifacts(upstream: str, folder: str, refused: Mapping[str, int]) -> Iterator[str]:
    """The address of a proxy in front of an MLflow server that refuses some requests about a folder of artifacts.

    Args:
        upstream: the address of the server.
        folder: the name of the folder.
        refused: the methods that are refused, each with the status of the answer; it may change meanwhile.
    """

    def handled(request: _Handler) -> None:
        is_about = "/mlflow-artifacts/" in request.path and folder in request.path
        if is_about and request.command in refused:
            request.reply(refused[request.command], b"not today")
        else:
            _pass_on(request, upstream)

    with _serving(handled) as place:
        yield f"http://{place}"


@contextmanager
def troubled(upstream: str, trouble: Mapping[str, float]) -> Iterator[str]:
    """The address of a proxy in front of a server that answers late or with errors.

    Args:
        upstream: the address of the server.
        trouble: `delay` in seconds, and `status` of an error; it may change meanwhile.
    """

    def handled(request: _Handler) -> None:
        if "status" in trouble:
            request.reply(int(trouble["status"]), b"not now")
            return
        time.sleep(trouble.get("delay", 0))
        _pass_on(request, upstream)

    with _serving(handled) as place:
        yield f"http://{place}"


def _pass_on(request: _Handler, upstream: str) -> None:
    headers = {name: value for name, value in request.headers.items() if name not in ("Host", "Authorization")}
    answer = requests.request(
        request.command, f"{upstream}{request.path}", data=request.body, headers=headers, timeout=60
    )
    kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
    request.reply(answer.status_code, answer.content, **kept)


@contextmanager
def without(upstream: str, paths: Collection[str]) -> Iterator[str]:
    """The address of a proxy in front of a server, which answers that there is nothing at these paths."""

    def handled(request: _Handler) -> None:
        if request.path.partition("?")[0] in paths:
            request.reply(404, b"<title>404 Not Found</title>", Content_Type="text/html")
        else:
            _pass_on(request, upstream)

    with _serving(handled) as place:
        yield f"http://{place}"


@contextmanager
def answering(status: int, body: str, kind: str = "text/html") -> Iterator[str]:
    """The address of a server that answers every request so."""
    with _serving(lambda request: request.reply(status, body.encode(), Content_Type=kind)) as place:
        yield f"http://{place}"
