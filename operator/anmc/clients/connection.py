"""One HTTP connection to an origin, as a transport of httpx."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import httpcore
import httpx
from typing_extensions import override

from anmc.api.origins import Origin

KEEP_ALIVE: Final = 5.0
"""Seconds that an unused connection is kept.

Less than any server in use closes one by itself: a write on a connection that is being closed meanwhile has an
unknown outcome.
"""


class Connection(httpx.AsyncBaseTransport):
    """Sends one request after the other; connects anew when it has to.

    `httpx.AsyncHTTPTransport` is a pool of such connections, which looks for one at each request and once more at the
    end of its answer: a tenth of the processor time of a call (decision 0013).
    """

    def __init__(self, origin: Origin, tls: ssl.SSLContext | None) -> None:
        self._origin = httpcore.Origin(origin.scheme.encode(), origin.host.encode(), origin.port)
        self._tls = tls
        self._opened: httpcore.AsyncHTTPConnection | None = None

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the next one may come when its response is closed.

        Raises:
            httpx.TransportError: as `httpx.AsyncHTTPTransport` raises it.
        """
        connection = await self._connection()
        target = httpcore.URL(
            scheme=self._origin.scheme, host=self._origin.host, port=self._origin.port, target=request.url.raw_path
        )
        with _as_httpx():
            response = await connection.handle_async_request(
                httpcore.Request(
                    request.method,
                    target,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    @override
    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()

    async def _connection(self) -> httpcore.AsyncHTTPConnection:
        """Return the connection as it is, unless it is broken, closed by the other side, or unused for too long."""
        if self._opened is None or not self._opened.is_available() or self._opened.has_expired():
            await self.aclose()
            self._opened = httpcore.AsyncHTTPConnection(self._origin, self._tls, keepalive_expiry=KEEP_ALIVE)
        return self._opened


class _Body(httpx.AsyncByteStream):
    """The body of a response, as it comes."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for piece in self._response.aiter_stream():
                yield piece

    @override
    async def aclose(self) -> None:
        with _as_httpx():
            await self._response.aclose()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise the failures of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as failure:
        raise getattr(httpx, type(failure).__name__)(str(failure)) from failure
