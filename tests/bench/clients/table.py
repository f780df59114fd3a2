"""The benchmark as a table."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from rich import box
from rich.table import Table

from bench.clients.cases import Size
from bench.clients.measurement import Measurement, Verdict
from bench.simulated import CALLS_AT_A_TIME, CALLS_PER_SECOND

_STYLES = {Verdict.OK: "green", Verdict.MISSED: "bold red", Verdict.NONE: ""}


def table(rows: Iterable[Measurement], *, caption: str) -> Table:
    """Show measurements; each `x` is a multiple of the floor to its left."""
    made = Table(
        caption=caption,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )
    for name in ("task", "client"):
        made.add_column(name, no_wrap=True)
    for name in ("done", "calls", "floor", "x", "seconds", "floor", "x", "429s", "most/s", "at once"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("target", no_wrap=True)
    for case, group in groupby(rows, key=lambda row: row.task.case):
        for place, row in enumerate(group):
            made.add_row("" if place else case, *_cells(row), style=_STYLES[row.verdict])
        made.add_section()
    return made


def _cells(row: Measurement) -> Iterator[str]:
    task, work, traffic = row.task, row.work, row.traffic
    yield task.client
    yield str(work.done) if row.is_complete else f"{work.done}/{task.records}"
    yield str(traffic.calls)
    yield str(task.floor.calls)
    yield f"{row.calls_ratio:.2f}"
    yield _seconds(work.seconds)
    yield _seconds(task.floor.seconds)
    yield f"{row.time_ratio:.2f}" if row.is_complete else "-"
    yield str(traffic.refused)
    yield str(traffic.per_second)
    yield str(traffic.at_a_time)
    yield str(row.verdict)


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds >= 10 else f"{seconds:.2f}"


def caption(about: Mapping[str, Any], size: Size) -> str:
    """Describe the services and the machine."""
    return (
        f"Action Network: {CALLS_PER_SECOND} calls a second, {size.latency:g} s each. Mobile Commons: "
        f"{CALLS_AT_A_TIME} calls at a time, {size.update_latency:g} s each; maxConcurrentRequests "
        f"{size.concurrency}, which its floor is reckoned with.\n"
        f"{about['cores']} cores ({about['machine']}, load {about['load']} before), {about['system']}, "
        f"Python {about['python']}."
    )
