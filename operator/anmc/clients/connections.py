"""The HTTP connections of this process, shared by all clients of one origin."""

import functools
import logging
import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from anmc.api.origins import Origin

KEEP_ALIVE: Final = 5.0
"""Seconds that an unused connection is kept.

Less than any server in use closes one by itself: a write on a connection that is being closed meanwhile has an
unknown outcome.
"""

# Below warning these two log URLs with their queries, and headers; a query holds people's numbers.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


@dataclass(slots=True)
class _Pool:
    http: httpx.AsyncClient
    users: int = 0


class Connections:
    """One pool of connections for each origin, as long as a client uses it (decision 0005).

    A pool holds neither credentials nor cookies: each request brings its own headers. How many connections there
    are is the pacers' matter. `http` replaces the network.
    """

    def __init__(self, http: httpx.AsyncBaseTransport | None = None) -> None:
        self._network = http
        self._pools: dict[Origin, _Pool] = {}

    def join(self, origin: Origin) -> httpx.AsyncClient:
        """Return what sends requests to an origin; the caller leaves when it is done."""
        if origin not in self._pools:
            self._pools[origin] = _Pool(self._open())
        pool = self._pools[origin]
        pool.users += 1
        return pool.http

    async def leave(self, origin: Origin) -> None:
        """Close the connections if nobody else uses them."""
        pool = self._pools[origin]
        pool.users -= 1
        if not pool.users:
            del self._pools[origin]  # before the wait: who joins meanwhile gets a pool of its own
            await pool.http.aclose()

    def _open(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers={"Accept-Encoding": "gzip", "User-Agent": "anmc"},
            # A session of the service must not decide what a later request may see.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE),
            verify=_tls_context(),
            transport=self._network,
        )


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Load the trusted certificates once: it takes long enough to hold up the event loop at every run.

    `SSL_CERT_FILE` applies here, as `HTTPS_PROXY` and `NO_PROXY` do in the client (operations.md 13).
    """
    return httpx.create_ssl_context(trust_env=True)
