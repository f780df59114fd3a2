"""The HTTP connections of this process, shared by all clients of one origin."""

import functools
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from anmc.api.origins import Origin
from anmc.clients.connection import KEEP_ALIVE, Connection
from anmc.clients.proxies import find_proxy
from anmc.clients.turnstile import Turnstile

# Below warning these two log URLs with their queries, and headers; a query holds people's numbers.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


class Pool:
    """The connections to one origin; one is opened when those before it are in use.

    Each is a transport of httpx, without the client around it: of what the client adds, such as cookies and
    redirects, nothing is wanted here, and it took a quarter of the processor time of a call.
    """

    def __init__(self, open_one: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._open_one = open_one
        self._opened: list[httpx.AsyncBaseTransport] = []
        self._unused: list[httpx.AsyncBaseTransport] = []
        self.turnstile = Turnstile()
        """What answers pass before they are read."""
        self.users = 0

    @asynccontextmanager
    async def exchange(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """Send a request; the body of the response can be read until the block ends.

        Raises:
            httpx.HTTPError: as httpx raises it.
        """
        connection = self._take()
        try:
            response = await connection.handle_async_request(request)
            try:
                yield response
            finally:
                await response.aclose()
        finally:
            self._unused.append(connection)

    async def aclose(self) -> None:
        """Close the connections."""
        for connection in self._opened:
            await connection.aclose()

    def _take(self) -> httpx.AsyncBaseTransport:
        """Return the connection that was used last, which is the least likely to be closed by now; or a new one."""
        if self._unused:
            return self._unused.pop()
        self._opened.append(self._open_one())
        return self._opened[-1]


class Connections:
    """One pool of connections for each origin, as long as a client uses it (decision 0005).

    A pool holds neither credentials nor cookies: each request brings its own headers. How many connections there
    are is the pacers' matter. `http` replaces the network.
    """

    def __init__(self, http: httpx.AsyncBaseTransport | None = None) -> None:
        self._network = http
        self._pools: dict[Origin, Pool] = {}

    def join(self, origin: Origin) -> Pool:
        """Return what sends requests to an origin; the caller leaves when it is done."""
        if origin not in self._pools:
            self._pools[origin] = Pool(functools.partial(self._open, origin, find_proxy(origin)))
        pool = self._pools[origin]
        pool.users += 1
        return pool

    async def leave(self, origin: Origin) -> None:
        """Close the connections if nobody else uses them."""
        pool = self._pools[origin]
        pool.users -= 1
        if not pool.users:
            del self._pools[origin]  # before the wait: who joins meanwhile gets a pool of its own
            await pool.aclose()

    def _open(self, origin: Origin, proxy: str | None) -> httpx.AsyncBaseTransport:
        if self._network is not None:
            return self._network
        if proxy is None:
            return Connection(origin, _tls_context() if origin.scheme == "https" else None)
        limits = httpx.Limits(keepalive_expiry=KEEP_ALIVE)
        return httpx.AsyncHTTPTransport(verify=_tls_context(), limits=limits, proxy=proxy)


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Load the trusted certificates once: it takes long enough to hold up the event loop at every run.

    `SSL_CERT_FILE` applies here (operations.md 13).
    """
    return httpx.create_ssl_context(trust_env=True)
