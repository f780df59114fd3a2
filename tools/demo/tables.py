"""The small tables of the story."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.padding import Padding
from rich.table import Table

from anmc_simulators.invented import KINDS
from demo.cast import Part, Sight
from demo.integration import Run

_MEANINGS = {
    "Exported": "made a person in Action Network",
    "UpdatedInActionNetwork": "fields written to Action Network, a true opt-in among them",
    "OptedOutInActionNetwork": "opt-in set to false in Action Network",
    "NoExport": "may not become a person: no e-mail, or unknown and opted out",
    "Imported": "made a profile in Mobile Commons",
    "Subscribed": "opted in through the opt-in path",
    "UpdatedInMobileCommons": "fields written to the profile",
    "OptedOutInMobileCommons": "opted out in Mobile Commons",
    "SkippedMembers": "who this is, is not clear: waits for a person to decide",
    "UnableToUpdate": "Mobile Commons did not take the write: kept, tried again",
    "Linked": "found to be the same, the id noted",
    "Held": "kept back by a rule, nothing written",
    "FieldConflict": "both sides differ: waits for a person to decide",
    "NoImport": "may not become a profile: no number, or the box is not ticked",
    "NoDifference": "both sides agree already",
    "NoNewChanges": "handled before",
}
"""Outcome categories in words; one that is missing here is shown by its name alone."""


def table(title: str, *columns: str, rows: Iterable[Sequence[object]]) -> Padding:
    """Make a table with an empty line below; a column whose name ends in `#` is right-aligned."""
    made = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for column in columns:
        made.add_column(column.removesuffix("#"), justify="right" if column.endswith("#") else "left")
    for row in rows:
        made.add_row(*map(str, row))
    return Padding(made, (0, 0, 1, 2))


def kinds_table(kinds: Mapping[str, Any]) -> Padding:
    """Show who was invented."""
    known = {kind.name: kind for kind in KINDS}
    rows = [
        (known[name].membership, known[name].box, known[name].contacts, kind["count"])
        for name, kind in sorted(kinds.items())
    ]
    return table(
        "Invented people", "Mobile Commons", "opt-in box of Action Network", "can be reached by", "people#", rows=rows
    )


def acts_table(title: str, parts: Iterable[Part]) -> Padding:
    """Show who does what."""
    return table(title, "who", "what happens", "people#", rows=[(part.who, part.act, part.count) for part in parts])


def sights_table(title: str, seen: Iterable[tuple[Part, Sequence[Sight]]]) -> Padding:
    """Show what both services hold of each part now."""
    return table(
        title,
        "who",
        "what happened",
        "Mobile Commons",
        "opt-in, Action Network",
        "ids#",
        "texts#",
        rows=[
            (
                part.who,
                part.act,
                _count(sight.membership for sight in sights),
                _count(sight.box for sight in sights),
                sum(sight.has_id for sight in sights),
                sum(sight.texts for sight in sights),
            )
            for part, sights in seen
        ],
    )


def outcomes_table(title: str, counts: Mapping[str, int]) -> Padding:
    """Show how the records of a run ended."""
    rows = [(name, _MEANINGS.get(name, ""), count) for name, count in counts.items()]
    return table(title, "outcome", "meaning", "records#", rows=rows)


def details_table(title: str, details: Iterable[Mapping[str, Any]]) -> Padding:
    """Show single records of a report, by the services' ids."""
    rows = [
        (one["category"], one["reason"], ", ".join(one.get("fields", [])), one.get("actionNetworkId", ""))
        for one in details
    ]
    return table(title, "outcome", "reason", "fields", "Action Network id", rows=rows)


def texts_table(title: str, texts: Iterable[Mapping[str, str]], who: Mapping[str, str]) -> Padding:
    """Show who was texted; `who` describes people by their numbers."""
    rows = [(text["phone"], who.get(text["phone"], "?"), text["kind"], text["opt_in_path_id"]) for text in texts]
    return table(title, "to", "who", "kind", "opt-in path", rows=rows)


def runs_table(runs: Iterable[Run]) -> Padding:
    """Show what runs did."""
    rows = [
        (
            run.direction,
            run.result,
            run.read,
            ", ".join(f"{count} {name}" for name, count in run.outcomes.items()),
            run.writes,
        )
        for run in runs
    ]
    return table("Both runs", "run", "result", "records#", "outcomes", "writes#", rows=rows)


def conditions_table(conditions: Iterable[Mapping[str, str]]) -> Padding:
    """Show the conditions of an object."""
    rows = [(one["type"], one["status"], one["reason"], one.get("message", "")) for one in conditions]
    return table("Conditions", "type", "status", "reason", "message", rows=rows)


def _count(values: Iterable[str]) -> str:
    return ", ".join(f"{count} {value}" for value, count in Counter(map(str, values)).items())
