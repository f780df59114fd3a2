"""Connections that hand a request straight to the edge: of httpx's client a model has no use, only of its messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from typing_extensions import override

from anmc.api.origins import Origin
from anmc.clients.connections import Connections, Pool


class _StraightPool(Pool):
    def __init__(self, edge: httpx.AsyncBaseTransport) -> None:
        self._edge = edge
        self.users = 0

    @override
    def build_request(self, *arguments: Any, **options: Any) -> httpx.Request:
        options.pop("timeout")
        return httpx.Request(*arguments, **options)

    @override
    @asynccontextmanager
    async def exchange(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        yield await self._edge.handle_async_request(request)


class StraightConnections(Connections):
    """One pool for both services: the edge tells them apart."""

    def __init__(self, edge: httpx.AsyncBaseTransport) -> None:
        super().__init__(edge)
        self._pool = _StraightPool(edge)

    @override
    def join(self, origin: Origin) -> Pool:
        return self._pool
