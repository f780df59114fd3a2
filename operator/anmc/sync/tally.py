"""The count of a run: one outcome per record, bounded details for the report (sync.md I9)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from anmc.api.names import Category, Reason
from anmc.rules.dead_letters import FAILURE_REASONS, needs_attention
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


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of the report: a record by the services' own ids; `record` is the id it was read by.

    `failures` counts the runs in a row that failed on it, this one included. `is_retry` says that it was tried because
    it was a dead letter, `is_lost` that nothing keeps it: neither its work nor its id.
    """

    record: str
    outcome: Outcome
    person_id: PersonId | None = None
    profile_id: ProfileId | None = None
    failures: int = 0
    is_retry: bool = False
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class InHand:
    """A record that this run has read and not finished; `counted` is what it counts as meanwhile, if as anything."""

    record: str
    person_id: PersonId | None = None
    profile_id: ProfileId | None = None
    counted: Outcome | None = None


class Tally:
    """Outcomes counted so far; can be taken up again from a checkpoint."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[Category, Reason]] = Counter()
        self._unreadable: dict[str, bool] = {}
        """Records that could not be read, and whether nothing keeps them."""
        self.lost = 0
        """Records that are neither done nor kept; while there are any, positions stay (sync.md I11)."""
        self._insistent: set[str] = set()
        self._retries: set[str] = set()
        self._attention: dict[str, Detail] = {}
        self._others: dict[str, Detail] = {}
        self._in_hand: dict[str, InHand] = {}

    def take_up(self, record: InHand) -> None:
        """Note that a record is being handled, until its outcome is counted."""
        self._in_hand[record.record] = record

    def give_up(self, outcome: Outcome) -> None:
        """Count what is in hand under one outcome, which replaces all else (sync.md O1)."""
        for each in tuple(self._in_hand.values()):
            self.count(Detail(each.record, outcome, each.person_id, each.profile_id), instead_of=each.counted)

    def count(self, detail: Detail, *, instead_of: Outcome | None = None) -> None:
        """Count a record's outcome, in place of an earlier one of the same record in the same run.

        One that could not be read at first and was found in another way gives up the outcome of that.
        """
        self._in_hand.pop(detail.record, None)
        self._insistent.discard(detail.record)
        self._retries.discard(detail.record)
        was_lost = self._unreadable.pop(detail.record, None)
        if was_lost is not None:
            self.lost -= was_lost
            instead_of = instead_of or Outcome(Category.PROCESSING_ERROR, Reason.UNREADABLE_RECORD)
        if instead_of is not None:
            self.counts[instead_of.category, instead_of.reason] -= 1
            self._attention.pop(detail.record, None)
            self._others.pop(detail.record, None)
        outcome = detail.outcome
        self.counts[outcome.category, outcome.reason] += 1
        self.lost += detail.is_lost
        if needs_attention(outcome, detail.failures) and not needs_attention(outcome):
            self._insistent.add(detail.record)
        if detail.is_retry and outcome.reason in _FAILURES:
            self._retries.add(detail.record)
        if not _is_worth_a_line(outcome):
            return
        lines = self._attention if needs_attention(outcome, detail.failures) else self._others
        if len(lines) < MAX_DETAILS:
            lines[detail.record] = detail

    def count_unreadable(self, detail: Detail) -> None:
        """Count a record that cannot be read, once: pages shift, and a resumed run reads one page again."""
        self.count(detail)
        self._unreadable[detail.record] = detail.is_lost

    def shows(self, record: str) -> bool:
        """Whether a record has an outcome that the report shows, or cannot be read."""
        return record in self._attention or record in self._others or record in self._unreadable

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
        always = sum(count for key, count in self.counts.items() if needs_attention(Outcome(*key)))
        return always + len(self._insistent)

    @property
    def failures(self) -> int:
        """Records that failed."""
        return sum(count for (_, reason), count in self.counts.items() if reason in _FAILURES)

    @property
    def failure_reasons(self) -> list[Reason]:
        """Why records are among the dead letters after this run."""
        return sorted({reason for (_, reason), count in self.counts.items() if count and reason in FAILURE_REASONS})

    @property
    def fresh_failures(self) -> int:
        """Failures that may stop a run (sync.md S3): a dead letter never does (W12)."""
        return self.failures - len(self._retries)

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
        worth = sum(count for key, count in self.counts.items() if _is_worth_a_line(Outcome(*key)))
        return worth - len(self.details)

    def to_data(self) -> dict[str, Any]:
        """Return JSON-ready data for a checkpoint: names, ids and numbers only."""
        return {
            "unreadable": [[record, is_lost] for record, is_lost in self._unreadable.items()],
            "lost": self.lost,
            "insistent": sorted(self._insistent),
            "retries": sorted(self._retries),
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
        tally._unreadable = dict(cast("Sequence[tuple[str, bool]]", data["unreadable"]))
        tally.lost = cast("int", data["lost"])
        tally._insistent = set(cast("Sequence[str]", data["insistent"]))
        tally._retries = set(cast("Sequence[str]", data["retries"]))
        for category, reason, count in cast("Sequence[tuple[str, str, int]]", data["counts"]):
            tally.counts[Category(category), Reason(reason)] = count
        for line in cast("Sequence[Mapping[str, Any]]", data["details"]):
            outcome = Outcome(Category(line["category"]), Reason(line["reason"]), tuple(line["fields"]))
            detail = Detail(line["record"], outcome, line["person"], line["profile"])
            needs_a_person = needs_attention(outcome) or detail.record in tally._insistent
            lines = tally._attention if needs_a_person else tally._others
            lines[detail.record] = detail
        return tally


def _is_worth_a_line(outcome: Outcome) -> bool:
    return outcome.category not in _NOTHING_HAPPENED or needs_attention(outcome)
