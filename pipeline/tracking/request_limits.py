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
HELD = 32
"""Requests that are held at once; the others wait without being read, so that their number costs no memory."""
ANSWERED = 4
"""Requests that are answered at once: what is read of one takes several times its size."""


class RequestLimits:
    """An application that refuses what is too large or too slow, and answers some requests at once.

    Args:
        app: that answers.
    """

    def __init__(self, app: _App) -> None:
        self._app = app
        self._held = asyncio.Semaphore(HELD)
        self._answered = asyncio.Semaphore(ANSWERED)

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        async with self._held:
            try:
                async with asyncio.timeout(PATIENCE):
                    body = await _body(receive)
            except TimeoutError:
                late = f"the request did not arrive within {PATIENCE:.0f} s"
                await _refused(HTTPStatus.REQUEST_TIMEOUT, late)(scope, receive, send)
                return
            if body is None:
                large = f"the request has more than {LARGEST:,} bytes. Send its images in several requests"
                await _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, large)(scope, receive, send)
                return
            async with self._answered:
                await self._app(scope, _given(body, receive), send)


async def _body(receive: _Receive) -> bytes | None:
    """Read a request; None if it is too large, whose rest is read all the same, as its sender listens only then."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size <= LARGEST:
            parts.append(message.get("body", b""))
        else:
            parts.clear()
        if not message.get("more_body"):  # or the client is gone
            return b"".join(parts) if size <= LARGEST else None


def _given(body: bytes, receive: _Receive) -> _Receive:
    """Give a request that was read to whoever reads it next."""
    messages: list[_Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> _Message:
        return messages.pop() if messages else await receive()

    return next_message


def _refused(status: HTTPStatus, message: str) -> JSONResponse:
    error = {"error_code": "INVALID_PARAMETER_VALUE", "message": message}
    return JSONResponse(error, status_code=status, headers={"Connection": "close"})
