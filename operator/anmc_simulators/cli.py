"""The commands of `anmc-simulators`."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, NoReturn

import httpx
import typer
from typer.exceptions import TyperException

from anmc_simulators.action_network.state import DEFAULT_LAG
from anmc_simulators.seed import MAX_PEOPLE
from anmc_simulators.seed import seed as invent
from anmc_simulators.server import announce, base_urls, listen
from anmc_simulators.server import serve as serve_both
from anmc_simulators.simulation import Simulation
from anmc_simulators.switch_panel import from_options
from anmc_simulators.switch_table import markdown

SEED_SECONDS: Final = 120
"""How long a running server may take to invent people; the most that it accepts take it well under a minute."""

app = typer.Typer(
    add_completion=False,
    help="Local servers that behave like Mobile Commons and Action Network, with invented people only.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Port = Annotated[int, typer.Option(min=0, max=65_535, help="Loopback port; 0 takes any free one.")]


@app.command()
def serve(
    *,
    mobile_commons_port: _Port = 0,
    action_network_port: _Port = 0,
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

    Prints one line of JSON with both base URLs once they listen. `anmc-simulators seed 0` prints the accounts and ids
    of people who were invented at the start.
    """
    try:
        simulation = Simulation(lag=timedelta(seconds=lag), switches=from_options(switch or ()))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--switch") from error
    sockets = {}
    for name, port in (("mobile_commons", mobile_commons_port), ("action_network", action_network_port)):
        try:
            sockets[name] = listen(port)
        except OSError as error:
            _fail(f"cannot listen on port {port} ({error.strerror}); choose another or 0 for a free one")
    urls = base_urls(sockets)
    if people:
        invent(simulation, people=people, number=number)
    asyncio.run(serve_both(simulation, sockets, ready=lambda: announce(urls, ready_file)))


@app.command()
def switches() -> None:
    """Print every switch with its values and what it decides, as tables in Markdown."""
    typer.echo(markdown(), nl=False)


@app.command()
def seed(
    people: Annotated[int, typer.Argument(metavar="N", min=0, max=MAX_PEOPLE, help="How many people to invent.")],
    *,
    url: Annotated[str, typer.Option(help="Base URL of either service of a running server.")],
    number: Annotated[int, typer.Option("--seed", help="The same number invents the same people.")] = 1,
) -> None:
    """Ask a running server to invent people on both sides; prints accounts, ids and counts as JSON."""
    try:
        answer = httpx.post(
            f"{url.rstrip('/')}/_sim/seed", json={"people": people, "seed": number}, timeout=SEED_SECONDS
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        _fail(f"no simulator answers at {url}; start one with `anmc-simulators serve`")
    try:
        document = answer.json()
    except ValueError:
        _fail(f"what answers at {url} is no simulator")
    if answer.status_code != httpx.codes.OK:
        _fail(str(document.get("error", document)))
    typer.echo(json.dumps(document, indent=2))


def main() -> NoReturn:
    """Run the command line; exit code 2 for wrong usage, 1 for a failure, each with one line on stderr."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except TyperException as error:
        # Typer's own report of a usage error takes three lines.
        typer.echo(f"anmc-simulators: {error.format_message()}", err=True)
        sys.exit(2)


def _fail(message: str) -> NoReturn:
    typer.echo(f"anmc-simulators: {message}", err=True)
    sys.exit(1)
