"""One connection over a real socket: when it connects anew, and its failures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore
import httpx
import pytest

from anmc.api.origins import Origin
from anmc.clients.connection import Connection
from clients.plain_server import OK, PlainServer


@asynccontextmanager
async def connected(server: PlainServer) -> AsyncIterator[httpx.AsyncClient]:
    """Serve, and give a client that has one connection."""
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        origin = Origin("http", "127.0.0.1", listening.sockets[0].getsockname()[1])
        async with httpx.AsyncClient(transport=Connection(origin, None), base_url=str(origin)) as client:
            yield client
        await server.all_closed()


async def test_requests_follow_one_another_on_it() -> None:
    server = PlainServer()
    async with connected(server) as client:
        assert [(await client.get("/")).text for _ in range(3)] == ["ok"] * 3

    assert server.opened == 1


async def test_it_connects_anew_when_the_other_side_has_closed_it() -> None:
    server = PlainServer(hangs_up=True)
    async with connected(server) as client:
        await client.get("/")
        await server.all_closed()
        assert (await client.get("/")).text == "ok"

    assert server.opened == 2


async def test_it_connects_anew_when_it_was_unused_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anmc.clients.connection.KEEP_ALIVE", -1.0)  # over as soon as an answer is read
    server = PlainServer()
    async with connected(server) as client:
        assert [(await client.get("/")).text for _ in range(2)] == ["ok"] * 2

    assert server.opened == 2


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        pytest.param(b"", httpx.RemoteProtocolError, id="no-answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", httpx.RemoteProtocolError, id="half-a-body"),
        pytest.param(b"HELO\r\n\r\n", httpx.RemoteProtocolError, id="another-protocol"),
    ],
)
async def test_a_failure_is_one_of_httpx_and_the_next_request_connects_anew(
    answer: bytes, failure: type[Exception]
) -> None:
    server = PlainServer(answer, hangs_up=True)
    async with connected(server) as client:
        with pytest.raises(failure):
            await client.get("/")
        server.answer = OK
        assert (await client.get("/")).text == "ok"

    assert server.opened == 2


async def test_an_answer_that_does_not_come_is_a_timeout_and_the_next_request_connects_anew() -> None:
    server = PlainServer(b"")
    async with connected(server) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/", timeout=0.05)
        server.answer = OK
        assert (await client.get("/")).text == "ok"

    assert server.opened == 2


async def test_nobody_there_is_a_request_not_sent_and_the_next_one_connects() -> None:
    server = PlainServer()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
    origin = Origin("http", "127.0.0.1", port)
    async with httpx.AsyncClient(transport=Connection(origin, None), base_url=str(origin)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/")
        async with await asyncio.start_server(server.serve, "127.0.0.1", port):
            assert (await client.get("/")).text == "ok"
    await server.all_closed()


def test_every_failure_of_httpcore_has_its_like_in_httpx() -> None:
    kinds = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
    failures = [kind for kind in vars(httpcore).values() if isinstance(kind, type) and issubclass(kind, kinds)]

    assert len(failures) >= 11
    assert all(issubclass(getattr(httpx, failure.__name__), httpx.TransportError) for failure in failures)
