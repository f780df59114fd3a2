"""Answers that the connection does not survive, or that take their time on it."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from anmc_simulators.frame.waiting import Patience

EXTENSION: Final = "anmc.connection"
"""Where the scope has what is known of the request's connection, if the server hands it in."""

NO_ANSWER: Final = 0
"""Stands in the journal for the status of a request that was never answered."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class ConnectionCut(ConnectionError):
    """What a client in the same process sees instead of the end of a connection."""


@dataclass(slots=True)
class Line:
    """A connection: its transport, and when something came over it last, in the seconds of the real time."""

    transport: asyncio.Transport
    received_at: float


class WithLine:
    """Serves the requests of one connection and shows it to them."""

    def __init__(self, app: ASGIApp, line: Line) -> None:
        self._app = app
        self._line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope.setdefault("extensions", {})[EXTENSION] = self._line
        await self._app(scope, receive, send)


def line_of(scope: Scope) -> Line | None:
    """Return the connection of a request; None where there is no server."""
    line: Line | None = scope.get("extensions", {}).get(EXTENSION)
    return line


class NoAnswer(Response):
    """Ends the connection: with nothing sent, or in the middle of the body of an answer.

    With nothing sent the client sees a reset, in mid-body an end of the stream before its time.
    """

    def __init__(self, *, begun: Response | None = None) -> None:
        super().__init__(status_code=begun.status_code if begun else NO_ANSWER)
        self._begun = begun

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._begun is not None:
            body = bytes(self._begun.body)
            await send(
                {
                    "type": "http.response.start",
                    "status": self._begun.status_code,
                    "headers": self._begun.raw_headers,
                }
            )
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _cut(scope, receive, reset=self._begun is None)


class SlowBody(Response):
    """Sends the pieces of a body one by one; an endless supply of them makes an answer without an end."""

    def __init__(self, answer: Response, pieces: Iterable[bytes], *, pause: float, patience: Patience) -> None:
        super().__init__(status_code=answer.status_code)
        self.body = answer.body
        self.raw_headers = answer.raw_headers
        self._pieces = pieces
        self._pause = pause
        self._patience = patience

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not await self._patience.hold(receive, self._pause):
                await _cut(scope, receive, reset=False)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _cut(scope: Scope, receive: Receive, *, reset: bool) -> None:
    line = line_of(scope)
    if line is None:
        raise ConnectionCut("the simulator cut the connection on purpose")
    transport = line.transport
    if reset:
        sock = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    else:
        transport.close()
    # Whoever returns before the server has noticed is taken for an application that forgot to answer.
    while (await receive())["type"] != "http.disconnect":
        pass
