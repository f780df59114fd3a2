"""The command: measures our clients and others' against the same services, prints a table, judges ours."""

import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from bench import machine
from bench.clients.cases import Cases, Size, say
from bench.clients.measurement import Measurement, Verdict
from bench.clients.others import PlainScript, WithParsons
from bench.clients.ours import Ours
from bench.clients.table import caption, table
from bench.clients.work import Other
from bench.simulated import running_services
from support.parsons_process import running_parsons

WIDTH: Final = 120
"""Columns where stdout is no terminal that says its own."""

FULL: Final = Size(people=2500, updates=2000, latency=0.6, update_latency=0.3, concurrency=50)
"""The benchmark of performance.md: latencies as others report them, and the default of maxConcurrentRequests."""

QUICK: Final = 200
"""People and updates that only show that everything works."""


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def compare(
    *,
    people: Annotated[
        int | None, typer.Option(min=1, help=f"People to read from Action Network; {FULL.people}.")
    ] = None,
    updates: Annotated[
        int | None, typer.Option(min=1, help=f"Profiles to update in Mobile Commons; {FULL.updates}.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"Only see that all works: {QUICK} people and updates.")
    ] = False,
    latency: Annotated[
        float, typer.Option(min=0.001, max=60, help="Seconds that Action Network takes.")
    ] = FULL.latency,
    update_latency: Annotated[
        float, typer.Option(min=0.001, max=60, help="Seconds that Mobile Commons takes.")
    ] = FULL.update_latency,
    concurrency: Annotated[
        int, typer.Option(min=1, max=80, help="maxConcurrentRequests of our client.")
    ] = FULL.concurrency,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write the figures to this file too.")
    ] = None,
) -> None:
    """Compare our clients with those of others and with what the services allow; exit code 1 if a target was missed."""
    size = Size(
        people=people or (QUICK if quick else FULL.people),
        updates=updates or (QUICK if quick else FULL.updates),
        latency=latency,
        update_latency=update_latency,
        concurrency=concurrency,
    )
    about = machine.describe()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it ends what it started
    with tempfile.TemporaryDirectory() as directory:
        rows = list(_measure(size, Path(directory)))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(table(rows, caption=caption(about, size)))
    if json_file is not None:
        document = {"machine": about, "size": asdict(size), "rows": [row.document() for row in rows]}
        json_file.write_text(f"{json.dumps(document, indent=2)}\n", encoding="utf-8")
    raise typer.Exit(int(any(row.verdict is Verdict.MISSED for row in rows)))


def _measure(size: Size, directory: Path) -> Iterator[Measurement]:
    latencies = {"action_network_latency": size.latency, "mobile_commons_latency": size.update_latency}
    with running_services(directory, **latencies) as services:
        account, simulators = services.account, services.account.simulators
        origins = {"action_network": simulators.action_network, "mobile_commons": simulators.mobile_commons}
        with running_parsons(**origins) as parsons:
            say(f"inventing {size.people} people")
            services.add_people(size.people)
            others: list[Other] = [WithParsons(parsons, account), PlainScript(account)]
            yield from Cases(services, size).run(Ours(account, concurrency=size.concurrency), others)
