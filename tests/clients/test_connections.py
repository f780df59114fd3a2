"""What clients of one origin share: connections, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from anmc.api.origins import Origin
from anmc.clients.connections import Connections


class PlainServer:
    """Answers everything, tells connections apart, notes what each request brought."""

    def __init__(self) -> None:
        self.opened = 0
        self.open = 0
        self.requests: list[str] = []
        self.all_closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.open += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: session=1; Path=/\r\n\r\nok")
                await writer.drain()
        writer.close()
        self.open -= 1
        if not self.open:
            self.all_closed.set()


@pytest.fixture
async def server() -> PlainServer:
    return PlainServer()


@pytest.fixture
async def origin(server: PlainServer) -> AsyncIterator[Origin]:
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        yield Origin("http", "127.0.0.1", listening.sockets[0].getsockname()[1])


async def test_clients_of_one_origin_use_one_connection_after_the_other_has_done(
    server: PlainServer, origin: Origin
) -> None:
    connections = Connections()
    first, second = connections.join(origin), connections.join(origin)

    await first.get(f"{origin}/", headers={"Authorization": "one"})
    await connections.leave(origin)
    await second.get(f"{origin}/", headers={"X-Other": "two"})
    still_open = server.open
    await connections.leave(origin)

    assert (server.opened, still_open) == (1, 1)
    assert "authorization: one" in server.requests[0].lower()
    assert "authorization" not in server.requests[1].lower()
    assert "cookie" not in server.requests[1].lower()


async def test_the_last_client_closes_the_connections(server: PlainServer, origin: Origin) -> None:
    connections = Connections()
    await connections.join(origin).get(f"{origin}/")
    await connections.leave(origin)

    await server.all_closed.wait()


async def test_who_comes_after_the_last_gets_connections_that_work(server: PlainServer, origin: Origin) -> None:
    connections = Connections()
    for _ in range(2):
        await connections.join(origin).get(f"{origin}/")
        await connections.leave(origin)

    assert server.opened == 2


async def test_each_origin_has_connections_of_its_own() -> None:
    connections = Connections()
    one, other = Origin("https", "a.example.org", 443), Origin("https", "b.example.org", 443)

    assert connections.join(one) is connections.join(one)
    assert connections.join(one) is not connections.join(other)

    for origin in (one, one, one, other):
        await connections.leave(origin)
