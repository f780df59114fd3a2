"""What operators see of it all: kubectl, reports, events, metrics."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console

from demo import tables
from demo.checks import Checks
from demo.integration import Integration, Run
from demo.waiting import wait_for
from demo.world import NAMESPACE, World

EVENTS: Final = frozenset({"Activated", "CredentialsVerified", "PullCompleted"})
"""What is worth an event when all goes well."""

METRICS: Final = (
    ("anmc_lease_held", ()),
    ("anmc_sync_runs_total", ("push", "Succeeded")),
    ("anmc_sync_runs_total", ("pull", "Succeeded")),
    ("anmc_sync_records_total", ("pull", "Subscribed")),
    ("anmc_linked_people", ()),
)
"""The five lines that are shown of /metrics: name, values of some labels."""


def look_around(world: World, console: Console, checks: Checks, runs: Sequence[Run]) -> None:
    """Show the object, its conditions, reports, events, metrics; `runs` are those that were asked for.

    Raises:
        DemoError: they do not say what happened.
    """
    _show_kubectl(world, console, "get", "dsi")
    status = Integration(world).status()
    console.print(tables.conditions_table(status["conditions"]))
    _show_kubectl(world, console, "get", "dsr")
    _look_at_reports(world, console, checks, runs)
    _look_at_events(world, console, checks)
    _look_at_metrics(world, console, checks, runs, linked=status["people"]["linked"])


def _show_kubectl(world: World, console: Console, *arguments: str) -> None:
    console.print(f"  $ kubectl --namespace {NAMESPACE} {' '.join(arguments)}", highlight=False)
    console.print(world.kubectl(*arguments), highlight=False, markup=False, soft_wrap=True)


def _look_at_reports(world: World, console: Console, checks: Checks, runs: Sequence[Run]) -> None:
    reports = Integration(world).reports()
    report = max((one for one in reports if one["direction"] == "Pull"), key=lambda one: int(one["changed"]))
    title = f"Report of the first pull: {report['recordsRead']} read, {report['changed']} changed"
    console.print(tables.outcomes_table(title, _counts(report)))
    attention = report["details"][: report["attention"]]
    console.print(tables.details_table("What needs a person, from the same report", attention))
    checks.equal(
        "each run has its report, with the same counts as the status had",
        found=[(one["direction"].lower(), one["recordsRead"], _counts(one)) for one in reports],
        expected=[(run.direction, run.read, run.outcomes) for run in sorted(runs, key=lambda run: run.direction)],
    )
    checks.equal(
        "the one name that differs waits for a person",
        found=[detail["category"] for detail in attention],
        expected=["FieldConflict"],
    )


def _look_at_events(world: World, console: Console, checks: Checks) -> None:
    def look() -> list[tuple[str, str, str]] | None:
        found = [(one["type"], one["reason"], one["message"]) for one in Integration(world).events()]
        return found if {reason for _, reason, _ in found} >= EVENTS else None

    # They are posted beside the runs, not before their end.
    events = wait_for(f"there are events {', '.join(sorted(EVENTS))}", look)
    console.print()
    console.print(tables.table("Events", "type", "reason", "message", rows=events))
    warnings = [reason for kind, reason, _ in events if kind != "Normal"]
    checks.equal("no event is a warning", found=warnings, expected=[])


def _look_at_metrics(world: World, console: Console, checks: Checks, runs: Sequence[Run], *, linked: int) -> None:
    page = world.metrics()
    lines = [_find_line(page, name, labels) for name, labels in METRICS]
    console.print(f"\n  $ curl {world.operator_url}/metrics | grep …", highlight=False)
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    directions = Counter(run.direction for run in runs)
    texts = len(world.simulators.texts())
    checks.equal(
        "the metrics agree with the status and with the journal",
        found=[float(line.rpartition(" ")[2] or "nan") for line in lines],
        # One push more than was asked for: that of the activation.
        expected=[float(value) for value in (1, directions["push"] + 1, directions["pull"], texts, linked)],
    )


def _counts(report: Mapping[str, Any]) -> dict[str, int]:
    return {entry["category"]: entry["count"] for entry in report["summary"]}


def _find_line(page: Sequence[str], name: str, labels: Sequence[str]) -> str:
    """Return the first line of a metric that has these label values; empty if there is none."""
    matching = (
        line for line in page if line.startswith(f"{name}{{") and all(f'="{label}"' in line for label in labels)
    )
    return next(matching, "")
