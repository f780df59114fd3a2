"""The count of a run: one outcome per record, bounded details for the report (sync.md I9)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from anmc.api.names import NEEDS_ATTENTION, Category, Reason
from anmc.rules.outcomes import Outcome
from anmc.rules.records import PersonId, ProfileId

MAX_DETAILS: Final = 200
"""Report lines kept of each sort, those that need a person and the others; a report shows as many (api.md 7)."""

_NOTHING_HAPPENED: Final = frozenset({Category.NO_DIFFERENCE, Category.NO_NEW_CHANGES})
"""Categories whose records get a line only if a person has to look at them."""

_WITHOUT_EFFECT: Final = _NOTHING_HAPPENED | {
    Category.DEFERRED_SUBSCRIPTION,
    Category.FIELD_CONFLICT,
    Category.UNABLE_TO_UPDATE,
    Category.NO_IMPORT,
    Category.NO_EXPORT,
    Category.SKIPPED_MEMBERS,
    Category.VALIDATION_ERROR,
    Category.PROCESSING_ERROR,
    Category.HELD,
}

_FAILURES: Final = frozenset(
    {
        Reason.SERVICE_FAILED,
        Reason.SERVICE_REFUSED,
        Reason.OUTCOME_UNKNOWN,
        Reason.MEMBERSHIP_UNCLEAR,
        Reason.UNREADABLE_RECORD,
    }
)
"""Reasons that count as failures of a run (sync.md S3)."""

_UNFINISHED: Final = frozenset(
    {Reason.SERVICE_FAILED, Reason.SERVICE_REFUSED, Reason.OUTCOME_UNKNOWN, Reason.UNREADABLE_RECORD}
)
"""Failures that leave work undone: a watermark must not pass them (sync.md I11)."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of the report: a record by the services' own ids; `record` is the id it was read by."""

    record: str
    outcome: Outcome
    person_id: PersonId | None = None
    profile_id: ProfileId | None = None


class Tally:
    """Outcomes counted so far; can be taken up again from a checkpoint."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[Category, Reason]] = Counter()
        self._coming_again: set[str] = set()
        self._attention: dict[str, Detail] = {}
        self._others: dict[str, Detail] = {}

    def count(self, detail: Detail, *, instead_of: Outcome | None = None) -> None:
        """Count a record's outcome, in place of an earlier one of the same record in the same run.

        One that could not be read at first and was found in another way gives up the outcome of that.
        """
        self._coming_again.discard(detail.record)
        if instead_of is None and (line := self._attention.get(detail.record)) and _is_unreadable(line):
            instead_of = line.outcome
        if instead_of is not None:
            self.counts[instead_of.category, instead_of.reason] -= 1
            self._attention.pop(detail.record, None)
            self._others.pop(detail.record, None)
        outcome = detail.outcome
        self.counts[outcome.category, outcome.reason] += 1
        if not _is_worth_a_line(outcome.category, outcome.reason):
            return
        lines = self._attention if outcome.reason in NEEDS_ATTENTION else self._others
        if len(lines) < MAX_DETAILS:
            lines[detail.record] = detail

    def count_unreadable(self, detail: Detail, *, comes_again: bool = False) -> None:
        """Count a record that cannot be read, unless it has an outcome already.

        One that `comes_again` in the next weekly walk leaves nothing undone (sync.md W13).
        """
        if detail.record in self._attention or detail.record in self._others or detail.record in self._coming_again:
            return
        self.count(detail)
        if comes_again:
            self._coming_again.add(detail.record)

    @property
    def records_read(self) -> int:
        """Records that have an outcome; the sum of all categories (sync.md O2)."""
        return self.counts.total()

    @property
    def changed(self) -> int:
        """Records with an effect in either service."""
        return sum(count for (category, _), count in self.counts.items() if category not in _WITHOUT_EFFECT)

    @property
    def created(self) -> int:
        """Records made in either service."""
        created = {Category.IMPORTED, Category.EXPORTED}
        return sum(count for (category, _), count in self.counts.items() if category in created)

    @property
    def attention(self) -> int:
        """Records that need a person."""
        return sum(count for (_, reason), count in self.counts.items() if reason in NEEDS_ATTENTION)

    @property
    def failures(self) -> int:
        """Records that failed (sync.md S3)."""
        return sum(count for (_, reason), count in self.counts.items() if reason in _FAILURES)

    @property
    def unfinished(self) -> int:
        """Records whose work is undone and in no queue; while there are any, positions stay."""
        undone = sum(count for (_, reason), count in self.counts.items() if reason in _UNFINISHED)
        return undone - len(self._coming_again)

    @property
    def by_category(self) -> dict[Category, int]:
        """Counts by category, in the order of the report: the vendor's ten first, then ours."""
        totals: Counter[Category] = Counter()
        for (category, _), count in self.counts.items():
            totals[category] += count
        return {category: totals[category] for category in Category if totals[category]}

    @property
    def details(self) -> list[Detail]:
        """At most 200 lines, those that need a person first."""
        return [*self._attention.values(), *self._others.values()][:MAX_DETAILS]

    @property
    def details_omitted(self) -> int:
        """Records worth a line that found no place."""
        worth = sum(count for key, count in self.counts.items() if _is_worth_a_line(*key))
        return worth - len(self.details)

    def to_data(self) -> dict[str, Any]:
        """Return JSON-ready data for a checkpoint: names, ids and numbers only."""
        return {
            "coming_again": sorted(self._coming_again),
            "counts": [[category, reason, count] for (category, reason), count in self.counts.items() if count],
            "details": [
                {
                    "record": line.record,
                    "category": line.outcome.category,
                    "reason": line.outcome.reason,
                    "fields": line.outcome.fields,
                    "person": line.person_id,
                    "profile": line.profile_id,
                }
                for line in (*self._attention.values(), *self._others.values())
            ],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> "Tally":
        """Take up the counts of a checkpoint."""
        tally = cls()
        tally._coming_again = set(cast("Sequence[str]", data["coming_again"]))
        for category, reason, count in cast("Sequence[tuple[str, str, int]]", data["counts"]):
            tally.counts[Category(category), Reason(reason)] = count
        for line in cast("Sequence[Mapping[str, Any]]", data["details"]):
            outcome = Outcome(Category(line["category"]), Reason(line["reason"]), tuple(line["fields"]))
            detail = Detail(line["record"], outcome, line["person"], line["profile"])
            lines = tally._attention if outcome.reason in NEEDS_ATTENTION else tally._others
            lines[detail.record] = detail
        return tally


def _is_unreadable(detail: Detail) -> bool:
    return detail.outcome.reason is Reason.UNREADABLE_RECORD


def _is_worth_a_line(category: Category, reason: Reason) -> bool:
    return category not in _NOTHING_HAPPENED or reason in NEEDS_ATTENTION
