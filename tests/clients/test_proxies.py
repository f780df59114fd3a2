"""Which proxy the environment wants, and that requests really go there."""

import asyncio

import httpx
import pytest

from anmc.api.origins import Origin
from anmc.clients.connections import Connections
from anmc.clients.proxies import find_proxy

SERVICE = Origin("https", "secure.mcommons.com", 443)
PROXY = "http://user:secret@proxy.example.org:3128"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"HTTPS_PROXY": PROXY}, PROXY, id="of-the-scheme"),
        pytest.param({"https_proxy": PROXY}, PROXY, id="lower-case"),
        pytest.param({"HTTPS_PROXY": "proxy.example.org:3128"}, "http://proxy.example.org:3128", id="without-scheme"),
        pytest.param({"HTTP_PROXY": PROXY}, None, id="of-another-scheme"),
        pytest.param({"ALL_PROXY": PROXY}, PROXY, id="of-all-schemes"),
        pytest.param({"HTTPS_PROXY": PROXY, "NO_PROXY": "mcommons.com"}, None, id="but-not-for-the-domain"),
        pytest.param({"HTTPS_PROXY": PROXY, "NO_PROXY": "localhost, .mcommons.com"}, None, id="but-not-below-it"),
        pytest.param({"HTTPS_PROXY": PROXY, "NO_PROXY": "secure.mcommons.com:443"}, None, id="but-not-for-the-port"),
        pytest.param({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None, id="but-for-nobody"),
        pytest.param({"HTTPS_PROXY": PROXY, "NO_PROXY": "commons.com"}, PROXY, id="but-not-for-others"),
    ],
)
def test_the_environment_says_which_proxy(
    environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert find_proxy(SERVICE) == proxy


async def test_requests_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        connections = Connections()
        pool = connections.join(SERVICE)
        with pytest.raises(httpx.ProxyError):
            async with pool.exchange(httpx.Request("GET", f"{SERVICE}/", headers={"Authorization": "Bearer t"})):
                pass
        await connections.leave(SERVICE)

    assert [request.splitlines()[0] for request in asked] == [b"CONNECT secure.mcommons.com:443 HTTP/1.1"]
    assert b"Bearer" not in asked[0]
