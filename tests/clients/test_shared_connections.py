"""What clients of one origin share over a real socket: connections, trust, and nothing else."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest

from anmc.api.origins import Origin
from anmc.clients.connections import Connections, Pool, _tls_context
from clients.plain_server import PlainServer
from devcluster.certificates import Credentials


@pytest.fixture
async def server() -> PlainServer:
    return PlainServer()


@pytest.fixture
async def origin(server: PlainServer) -> AsyncIterator[Origin]:
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        yield Origin("http", "127.0.0.1", listening.sockets[0].getsockname()[1])


async def get(pool: Pool, origin: Origin, **headers: str) -> None:
    async with pool.exchange(httpx.Request("GET", f"{origin}/", headers=headers)) as response:
        await response.aread()


async def test_clients_of_one_origin_use_the_connection_of_the_other_and_nothing_else(
    server: PlainServer, origin: Origin
) -> None:
    connections = Connections()
    first, second = connections.join(origin), connections.join(origin)

    await get(first, origin, authorization="one")
    await connections.leave(origin)
    await get(second, origin)
    still_open = server.open
    await connections.leave(origin)

    assert (server.opened, still_open) == (1, 1)
    assert "authorization: one" in server.requests[0].lower()
    assert "authorization" not in server.requests[1].lower()
    assert "cookie" not in server.requests[1].lower()


async def test_the_last_client_closes_the_connections(server: PlainServer, origin: Origin) -> None:
    connections = Connections()
    await get(connections.join(origin), origin)
    await connections.leave(origin)

    await server.all_closed()


async def test_who_comes_after_the_last_gets_a_connection_that_works(server: PlainServer, origin: Origin) -> None:
    connections = Connections()
    for _ in range(2):
        await get(connections.join(origin), origin)
        await connections.leave(origin)

    assert server.opened == 2


@pytest.fixture
def certificates(tmp_path: Path) -> Iterator[Path]:
    """A server's certificate and its authority, which `SSL_CERT_FILE` may name; nothing is remembered of it."""
    Credentials.create().write(directory := tmp_path / "certificates")
    _tls_context.cache_clear()
    yield directory
    _tls_context.cache_clear()


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_the_authority_that_the_environment_names_is_trusted(
    *, is_trusted: bool, server: PlainServer, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.crt"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificates / "api.crt", certificates / "api.key")
    connections = Connections()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls) as listening:
        origin = Origin("https", "127.0.0.1", listening.sockets[0].getsockname()[1])
        with nullcontext() if is_trusted else pytest.raises(httpx.ConnectError):
            await get(connections.join(origin), origin)
        await connections.leave(origin)
        await server.all_closed()

    assert len(server.requests) == is_trusted
