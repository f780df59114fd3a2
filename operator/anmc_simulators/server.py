"""Both services on two ports of one process."""

import asyncio
import contextlib
import functools
import json
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from typing_extensions import override

from anmc_simulators import control
from anmc_simulators.action_network.app import create_app as create_action_network
from anmc_simulators.frame.connection import Line, WithLine
from anmc_simulators.frame.waiting import RealTime
from anmc_simulators.mobile_commons.app import create_app as create_mobile_commons
from anmc_simulators.simulation import Simulation

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as HttpProtocol

LOOPBACK: Final = "127.0.0.1"
"""Where the services listen unless somebody chooses otherwise: the control API has no authentication."""

GRACE_SECONDS: Final = 3
"""How long requests under way may take after SIGTERM; well below what a supervisor waits before it kills."""


def create_apps(simulation: Simulation) -> Mapping[str, Starlette]:
    """Return the two services by name, each with the control API of both under `/_sim`."""
    services = {
        "mobile_commons": create_mobile_commons(simulation.mobile_commons, simulation.traffic),
        "action_network": create_action_network(simulation.action_network, simulation.traffic),
    }
    frame = control.create_app(simulation)
    return {name: Starlette(routes=[Mount("/_sim", frame), Mount("/", service)]) for name, service in services.items()}


def listen(port: int, *, host: str = LOOPBACK) -> socket.socket:
    """Return a socket bound to a port of an address, IPv4 or IPv6; port 0 stands for any free one.

    Raises:
        OSError: the port is in use or not allowed, or the address is none of this machine.
        ValueError: the host is no address.
    """
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY: without it each answer waits for a delayed acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def base_urls(sockets: Mapping[str, socket.socket]) -> dict[str, str]:
    """Return where each service is reached from this machine."""
    return {name: _url(*sock.getsockname()[:2]) for name, sock in sockets.items()}


def _url(host: str, port: int) -> str:
    address = ip_address(host)
    if address.is_unspecified:
        host = LOOPBACK if address.version == 4 else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(simulation: Simulation, sockets: Mapping[str, socket.socket], *, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once both services accept connections."""
    servers = {name: _Server(app, simulation.traffic.real_time) for name, app in create_apps(simulation).items()}
    loop = asyncio.get_running_loop()

    def end() -> None:
        simulation.traffic.patience.close()
        for server in servers.values():
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    async with asyncio.TaskGroup() as tasks:
        for name, server in servers.items():
            tasks.create_task(server.serve(sockets=[sockets[name]]))
        for server in servers.values():
            await server.listening.wait()
        ready()


def announce(urls: Mapping[str, str], ready_file: Path | None) -> None:
    """Print where the services are, as one line of JSON, and leave the same in a file that is never half written."""
    line = json.dumps(dict(urls))
    if ready_file is not None:
        draft = ready_file.with_name(f"{ready_file.name}.tmp")
        draft.write_text(f"{line}\n", encoding="utf-8")
        draft.replace(ready_file)
    print(line, flush=True)  # noqa: T201  the one line that callers wait for


class Connection(HttpProtocol):
    """One connection, which the requests on it can end; they know when they came, however busy the server is."""

    def __init__(self, *arguments: Any, real_time: RealTime, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._real_time = real_time

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._line = Line(transport, self._real_time.monotonic())
        self.app = WithLine(self.app, self._line)

    @override
    def data_received(self, data: bytes) -> None:
        self._line.received_at = self._real_time.monotonic()
        super().data_received(data)


def connections(real_time: RealTime) -> Any:
    """Return what makes a connection of a new transport, as uvicorn takes it."""
    return functools.partial(Connection, real_time=real_time)


class _Server(uvicorn.Server):
    """A server that says when it listens and leaves the signals to the process."""

    def __init__(self, app: Starlette, real_time: RealTime) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                http=connections(real_time),
                date_header=False,  # the services' own clock sets it
                lifespan="off",
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self.listening = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises a captured signal again at the end, which would turn a graceful end into exit 143.
        yield
