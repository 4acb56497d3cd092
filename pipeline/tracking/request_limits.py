"""Limits of what a server of models takes: the size of a request, the time of its arrival, and how many at once."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

LARGEST = 32_000_000
"""Bytes of a request: some thousand images of MNIST as JSON."""
PATIENCE = 30.0
"""Seconds in which all of a request must arrive."""
HELD = 256_000_000
"""Bytes of all requests that are held at once; who sends more is asked to send it later."""
ANSWERED = 4
"""Requests that are answered at once: what is read of one takes several times its size."""


class RequestLimits:
    """An application that refuses what is too large or too slow, and answers some requests at once.

    Args:
        app: that answers.
    """

    def __init__(self, app: _App) -> None:
        self._app = app
        self._held = 0
        self._answered = asyncio.Semaphore(ANSWERED)

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(PATIENCE):
                body = await self._read(receive)
        except TimeoutError:
            body = HTTPStatus.REQUEST_TIMEOUT
        if isinstance(body, HTTPStatus):
            await _refused(body)(scope, receive, send)
            return
        try:
            async with self._answered:
                await self._app(scope, _given(body, receive), _sending(send))
        finally:
            self._held -= len(body)

    async def _read(self, receive: _Receive) -> bytes | HTTPStatus:
        """Read a request, or why it is refused; its rest is read all the same, as its sender listens only then."""
        parts: list[bytes] = []
        size = 0
        refusal = None
        try:
            while True:
                message = await receive()
                part = message.get("body", b"")
                refusal = refusal or self._refusal(size + len(part), len(part))
                self._held += -size if refusal else len(part)
                size = 0 if refusal else size + len(part)
                if refusal:
                    parts.clear()
                else:
                    parts.append(part)
                if not message.get("more_body"):  # or the client is gone
                    if refusal:
                        return refusal
                    size = 0  # whoever answers releases it
                    return b"".join(parts)
        finally:
            self._held -= size

    def _refusal(self, size: int, more: int) -> HTTPStatus | None:
        if size > LARGEST:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return HTTPStatus.TOO_MANY_REQUESTS if self._held + more > HELD else None


def _given(body: bytes, receive: _Receive) -> _Receive:
    """Give a request that was read to whoever reads it next."""
    messages: list[_Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> _Message:
        return messages.pop() if messages else await receive()

    return next_message


def _sending(send: _Send) -> _Send:
    """Send an answer to a client that reads it; one that does not is left."""

    async def sent(message: _Message) -> None:
        async with asyncio.timeout(PATIENCE):
            await send(message)

    return sent


def _refused(status: HTTPStatus) -> JSONResponse:
    reasons = {
        HTTPStatus.REQUEST_TIMEOUT: f"the request did not arrive within {PATIENCE:.0f} s",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"the request has more than {LARGEST:,} bytes. Send its images in several",
        HTTPStatus.TOO_MANY_REQUESTS: f"the server holds {HELD:,} bytes of requests already. Send this one later",
    }
    error = {"error_code": "INVALID_PARAMETER_VALUE", "message": reasons[status]}
    return JSONResponse(error, status_code=status, headers={"Connection": "close"})
