"""The HTTP connections of this process, shared by all clients of one origin."""

import functools
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from anmc.api.origins import Origin
from anmc.clients.proxies import find_proxy

KEEP_ALIVE: Final = 5.0
"""Seconds that an unused connection is kept.

Less than any server in use closes one by itself: a write on a connection that is being closed meanwhile has an
unknown outcome.
"""

LANE_WIDTH: Final = 4
"""Requests under way in one lane. For each of them httpcore looks at every connection of its pool: with fifty in one
pool that took five times the processor time of fifty in lanes of a few."""

# Below warning these two log URLs with their queries, and headers; a query holds people's numbers.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


@dataclass(slots=True)
class _Lane:
    network: httpx.AsyncBaseTransport
    in_flight: int = 0


class Pool:
    """The connections to one origin, in lanes of a few each; a lane is opened when those before it are full.

    A lane is httpx's transport without its client: of what a client adds, such as cookies and redirects, nothing is
    wanted here, and it takes a quarter of the processor time of a call.
    """

    def __init__(self, open_lane: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._open_lane = open_lane
        self._lanes = [_Lane(open_lane())]
        self.users = 0

    @asynccontextmanager
    async def exchange(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """Send a request; the body of the response can be read until the block ends.

        Raises:
            httpx.HTTPError: as httpx raises it.
        """
        lane = self._free_lane()
        lane.in_flight += 1
        try:
            response = await lane.network.handle_async_request(request)
            try:
                yield response
            finally:
                await response.aclose()
        finally:
            lane.in_flight -= 1

    async def aclose(self) -> None:
        """Close the connections."""
        for lane in self._lanes:
            await lane.network.aclose()

    def _free_lane(self) -> _Lane:
        for lane in self._lanes:
            if lane.in_flight < LANE_WIDTH:
                return lane
        self._lanes.append(_Lane(self._open_lane()))
        return self._lanes[-1]


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
            self._pools[origin] = Pool(functools.partial(self._open, origin))
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

    def _open(self, origin: Origin) -> httpx.AsyncBaseTransport:
        return self._network or httpx.AsyncHTTPTransport(
            verify=_tls_context(),
            limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE),
            proxy=find_proxy(origin),
        )


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Load the trusted certificates once: it takes long enough to hold up the event loop at every run.

    `SSL_CERT_FILE` applies here (operations.md 13).
    """
    return httpx.create_ssl_context(trust_env=True)
