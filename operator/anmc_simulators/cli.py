"""The commands of `anmc-simulators`."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from typer.exceptions import TyperException

from anmc_simulators import terminal
from anmc_simulators.action_network.state import DEFAULT_LAG
from anmc_simulators.frame.latency import GRAMMAR, Latencies, Latency
from anmc_simulators.frame.limits import REAL_LIMITS, Limit, Limits
from anmc_simulators.operations import Service, service_named
from anmc_simulators.remote import Failed
from anmc_simulators.seed import MAX_PEOPLE
from anmc_simulators.seed import seed as invent
from anmc_simulators.server import LOOPBACK, announce, base_urls, listen
from anmc_simulators.server import serve as serve_both
from anmc_simulators.simulation import Simulation
from anmc_simulators.switch_panel import from_options
from anmc_simulators.switch_table import markdown

app = typer.Typer(
    add_completion=False,
    help="Local servers that behave like Mobile Commons and Action Network, with invented people only.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

for command in terminal.COMMANDS:
    app.command()(command)

_Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes any free one.")]

_CALLS: Final = REAL_LIMITS[Service.ACTION_NETWORK].calls_per_second or 0
_CONCURRENCY: Final = REAL_LIMITS[Service.MOBILE_COMMONS].concurrency or 0


@app.command()
def serve(
    *,
    mobile_commons_port: _Port = 0,
    action_network_port: _Port = 0,
    host: Annotated[
        str,
        typer.Option(help="Address to listen at. The control API has no log-in: anything else than loopback is open."),
    ] = LOOPBACK,
    calls_per_second: Annotated[
        float, typer.Option(min=0, max=1_000_000, help="Calls a second for each key of Action Network; 0 for no limit.")
    ] = _CALLS,
    concurrency: Annotated[
        int,
        typer.Option(min=0, max=1_000_000, help="Calls at a time for each company of Mobile Commons; 0 for no limit."),
    ] = _CONCURRENCY,
    latency: Annotated[
        list[str] | None,
        typer.Option(help=f"Of both services, or SERVICE=LATENCY of one: {GRAMMAR}. Can be given twice."),
    ] = None,
    latency_seed: Annotated[int, typer.Option(help="The same number draws the same latencies.")] = 1,
    lag: Annotated[
        float,
        typer.Option(min=0, max=86_400, help="Seconds by which Action Network's modified_date filter trails writes."),
    ] = DEFAULT_LAG.total_seconds(),
    people: Annotated[
        int, typer.Option(min=0, max=MAX_PEOPLE, help="How many people to invent on both sides before the start.")
    ] = 0,
    number: Annotated[int, typer.Option("--seed", help="The same number invents the same people.")] = 1,
    switch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERVICE.NAME=VALUE",
            help="Turn a switch, as in action_network.moves_on_status_change=true; may be repeated. "
            "`anmc-simulators switches` lists them.",
        ),
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write both base URLs to this file, as JSON, once both services listen.")
    ] = None,
) -> None:
    """Serve both services on 127.0.0.1 until SIGTERM or Ctrl-C; the control API is under /_sim on each port.

    Prints one line of JSON with both base URLs once they listen. The limits are those of the real services.
    `anmc-simulators seed 0` prints the accounts and ids of people who were invented at the start.
    """
    limits = Limits(
        {
            Service.ACTION_NETWORK: Limit(calls_per_second=calls_per_second or None),
            Service.MOBILE_COMMONS: Limit(concurrency=concurrency or None),
        }
    )
    latencies = Latencies(_latencies(latency or []), seed=latency_seed)
    try:
        simulation = Simulation(
            lag=timedelta(seconds=lag), switches=from_options(switch or ()), limits=limits, latencies=latencies
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--switch") from error
    _check_host(host)
    sockets = {}
    for name, port in (("mobile_commons", mobile_commons_port), ("action_network", action_network_port)):
        try:
            sockets[name] = listen(port, host=host)
        except OSError as error:
            _fail(
                f"cannot listen at {host} on port {port} ({error.strerror}); choose another, or port 0 for a free one"
            )
    urls = base_urls(sockets)
    if people:
        invent(simulation, people=people, number=number)
    asyncio.run(serve_both(simulation, sockets, ready=lambda: announce(urls, ready_file)))


@app.command()
def switches() -> None:
    """Print every switch with its values and what it decides, as tables in Markdown."""
    typer.echo(markdown(), nl=False)


def main() -> NoReturn:
    """Run the command line; exit code 2 for wrong usage, 1 for a failure, each with one line on stderr."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except TyperException as error:
        # Typer's own report of a usage error takes three lines.
        typer.echo(f"anmc-simulators: {error.format_message()}", err=True)
        sys.exit(2)
    except Failed as error:
        _fail(str(error))


def _latencies(texts: list[str]) -> Mapping[Service, Latency]:
    found: dict[Service, Latency] = {}
    for text in texts:
        name, is_named, latency = text.rpartition("=")
        try:
            services = [service_named(name)] if is_named else list(Service)
            found.update(dict.fromkeys(services, Latency.parse(latency)))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--latency") from error
    return found


def _check_host(host: str) -> None:
    try:
        address = ip_address(host)
    except ValueError as error:
        raise typer.BadParameter(f"{host!r} is no IP address", param_hint="--host") from error
    if not address.is_loopback:
        typer.echo(f"anmc-simulators: whoever reaches {host} controls the simulators; there is no log-in", err=True)


def _fail(message: str) -> NoReturn:
    typer.echo(f"anmc-simulators: {message}", err=True)
    sys.exit(1)
