"""One connection over a real socket: when it connects anew, its failures, and TLS."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpcore
import httpx
import pytest

from anmc.api.origins import Origin
from anmc.clients.connection import Connection
from devcluster.certificates import Credentials

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Sends the same answer to every request."""

    def __init__(self, answer: bytes, *, hangs_up: bool = False) -> None:
        self.answer = answer
        self.hangs_up = hangs_up
        self.opened = 0
        self._connections: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the callback of a listening socket."""
        self.opened += 1
        self._connections.add(asyncio.create_task(self._serve(reader, writer)))

    async def close(self) -> None:
        """Wait until all connections are closed."""
        await asyncio.gather(*self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(self.answer)
                await writer.drain()
                if self.hangs_up:
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def connected(
    server: Server, *, tls: ssl.SSLContext | None = None, trusted: ssl.SSLContext | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve, and give a client that has one connection."""
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls) as listening:
        origin = Origin("https" if tls else "http", "127.0.0.1", listening.sockets[0].getsockname()[1])
        async with httpx.AsyncClient(transport=Connection(origin, trusted), base_url=str(origin)) as client:
            yield client
        await server.close()


async def test_requests_follow_one_another_on_it() -> None:
    server = Server(OK)
    async with connected(server) as client:
        assert [(await client.get("/")).text for _ in range(3)] == ["ok"] * 3

    assert server.opened == 1


async def test_it_connects_anew_when_the_other_side_has_closed_it() -> None:
    server = Server(OK, hangs_up=True)
    async with connected(server) as client:
        await client.get("/")
        await server.close()
        assert (await client.get("/")).text == "ok"

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
    server = Server(answer, hangs_up=True)
    async with connected(server) as client:
        with pytest.raises(failure):
            await client.get("/")
        server.answer = OK
        assert (await client.get("/")).text == "ok"

    assert server.opened == 2


async def test_an_answer_that_does_not_come_is_a_timeout_and_the_next_request_connects_anew() -> None:
    server = Server(b"")
    async with connected(server) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/", timeout=0.05)
        server.answer = OK
        assert (await client.get("/")).text == "ok"

    assert server.opened == 2


async def test_nobody_there_is_a_request_not_sent_and_the_next_one_connects() -> None:
    server = Server(OK)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
    origin = Origin("http", "127.0.0.1", port)
    async with httpx.AsyncClient(transport=Connection(origin, None), base_url=str(origin)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/")
        async with await asyncio.start_server(server.serve, "127.0.0.1", port):
            assert (await client.get("/")).text == "ok"
    await server.close()


def test_every_failure_of_httpcore_has_its_like_in_httpx() -> None:
    kinds = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
    failures = [kind for kind in vars(httpcore).values() if isinstance(kind, type) and issubclass(kind, kinds)]

    assert len(failures) >= 11
    assert all(issubclass(getattr(httpx, failure.__name__), httpx.TransportError) for failure in failures)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tls") / "certificates"
    Credentials.create().write(directory)
    return directory


def speaks_tls(certificates: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "api.crt", certificates / "api.key")
    return context


async def test_https_is_spoken_with_who_can_show_a_trusted_certificate(certificates: Path) -> None:
    server, trusted = Server(OK), ssl.create_default_context(cafile=certificates / "ca.crt")
    async with connected(server, tls=speaks_tls(certificates), trusted=trusted) as client:
        assert (await client.get("/")).text == "ok"


async def test_nothing_is_sent_to_who_can_not(certificates: Path) -> None:
    server, trusted = Server(OK), ssl.create_default_context()
    async with connected(server, tls=speaks_tls(certificates), trusted=trusted) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/")

    assert server.opened == 0
