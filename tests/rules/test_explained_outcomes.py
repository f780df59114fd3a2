"""docs/how-it-decides.md explains each category and each reason that a report can show."""

import re
from pathlib import Path
from typing import Final

from anmc.api.names import NEEDS_ATTENTION, Category, Reason

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "how-it-decides.md"

ROW: Final = re.compile(r"^\| `(?P<name>\w+)` \| (?P<rest>.*) \|$", re.MULTILINE)

FIRST: Final = {True: "yes", False: "no"}
COUNTED: Final = dict.fromkeys((Reason.SERVICE_FAILED, Reason.OUTCOME_UNKNOWN), "after three times")


def explained() -> dict[str, list[str]]:
    """Return the cells after the name, by name."""
    return {row["name"]: row["rest"].split(" | ") for row in ROW.finditer(DOCUMENT.read_text(encoding="utf-8"))}


def test_every_category_and_every_reason_is_explained_and_none_is_invented() -> None:
    assert set(explained()) == {*Category, *Reason}


def test_a_reason_is_said_to_need_a_person_where_it_counts_as_attention() -> None:
    said = {reason: explained()[reason][1] for reason in Reason}

    assert said == {reason: COUNTED.get(reason, FIRST[reason in NEEDS_ATTENTION]) for reason in Reason}
