"""The dead letters of one run: which there were, which it adds, which leave (sync.md W12, I11)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from anmc.api.names import Direction
from anmc.rules.dead_letters import DeadLetter, Listing, Stretch, Trace, failed, is_due, is_failure, leaves
from anmc.rules.decisions import PushFacts
from anmc.rules.outcomes import Outcome
from anmc.rules.push import carries_opt_out
from anmc.rules.records import PersonId
from anmc.sync.run import RunOrder

Key: TypeAlias = tuple[Direction, str]


@dataclass(frozen=True, slots=True)
class LetterChanges:
    """What to store of the dead letters, in the transaction of the outcomes."""

    added: Collection[DeadLetter]
    revived: Collection[Key]


class DeadLetters:
    """Takes note of what a run decides, record by record.

    All of them are in memory while a run lasts: they are few, as a run with many failures stops (sync.md S3).
    `opens_to_all` says that the run may create and opt in everybody, those included whom it cannot read.
    """

    def __init__(self, order: RunOrder, stored: Iterable[DeadLetter]) -> None:
        self._order = order
        self._before = {(letter.trace.direction, letter.record_id): letter for letter in stored}
        self._kept = set(self._before)
        self._changed: dict[Key, DeadLetter | None] = {}
        self._concluded: set[Key] = set()
        self._retried: set[Key] = set()
        self.opens_to_all = False

    def note(self, record_id: str, outcome: Outcome, trace: Trace, *, now: datetime) -> int:
        """Put a record in, leave it where it is, or take it out, as its outcome says; return its failures in a row."""
        key = trace.direction, record_id
        self._concluded.add(key)
        if is_failure(outcome):
            return self._put(record_id, outcome, trace, now=now).failures
        if leaves(outcome):
            self.remove(key)
        return 0

    def postpone(self, letter: DeadLetter, outcome: Outcome, *, now: datetime) -> None:
        """Keep a record that was tried in vain, without an outcome of this run."""
        self._put(letter.record_id, outcome, letter.trace, now=now)

    def remove(self, key: Key) -> None:
        """Take a record out."""
        if key in self._kept or key in self._changed:
            self._changed[key] = None

    def take_due(self) -> list[DeadLetter]:
        """Return those that this run has to try and has not come to in another way, the oldest first."""
        direction = self._order.direction
        due = [
            letter
            for key, letter in self._before.items()
            if letter.trace.direction is direction
            and key not in self._concluded
            and is_due(letter, self._order.started_at)
        ]
        self._retried.update((direction, letter.record_id) for letter in due)
        return due

    def take_changes(self) -> LetterChanges:
        """Return what is not stored yet."""
        added = [letter for letter in self._changed.values() if letter is not None]
        revived = [key for key, letter in self._changed.items() if letter is None]
        self._kept = self._kept.union(self._changed).difference(revived)
        self._changed = {}
        return LetterChanges(added, revived)

    def is_concluded(self, letter: DeadLetter) -> bool:
        """Say whether this run has decided about a record by now."""
        return (letter.trace.direction, letter.record_id) in self._concluded

    def is_retry(self, record_id: str) -> bool:
        """Say whether a record is tried by this run because it was among the dead letters."""
        return (self._order.direction, record_id) in self._retried

    def lower_bound(self, record_id: str, lower_bound: datetime) -> datetime:
        """Return from when on an opt-out of a profile is new: that of the run which first failed on it (C10)."""
        letter = self._before.get((Direction.PUSH, record_id))
        return lower_bound if letter is None else min(letter.trace.since or lower_bound, lower_bound)

    @property
    def eligible(self) -> frozenset[PersonId]:
        """People whom an earlier run might have created and opted in, had it not failed (sync.md Q0)."""
        return frozenset(
            PersonId(record_id)
            for (direction, record_id), letter in self._before.items()
            if direction is Direction.PULL and letter.trace.is_eligible
        )

    def _put(self, record_id: str, outcome: Outcome, trace: Trace, *, now: datetime) -> DeadLetter:
        key = trace.direction, record_id
        letter = failed(
            record_id, trace, outcome, before=self._before.get(key), run_started_at=self._order.started_at, now=now
        )
        self._changed[key] = letter
        return letter


def trace_of_profile(facts: PushFacts, *, now: datetime) -> Trace:
    """Say how a profile is found again, in the version read."""
    changed_at = facts.profile.updated_at
    start, end = (facts.lower_bound, now) if changed_at is None else (changed_at, changed_at)
    return Trace(
        Direction.PUSH,
        Stretch(Listing.PROFILES, start, end),
        since=facts.lower_bound,
        is_opt_out=carries_opt_out(facts),
    )


def trace_of_unreadable_profile(listing: Listing, lower_bound: datetime, *, now: datetime) -> Trace:
    """Say how a profile is found again of which a list shows no more than the id."""
    end = now if listing is Listing.PROFILES else None
    return Trace(Direction.PUSH, Stretch(listing, lower_bound, end), since=lower_bound)
