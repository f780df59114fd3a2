"""Records that failed: how long each waits, who is due, how one is found again (sync.md W12, W13, I11)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from anmc.api.names import NEEDS_ATTENTION, Direction, Reason
from anmc.rules.backoff import Backoff
from anmc.rules.outcomes import Outcome

ATTENTION_AFTER: Final = 3
"""Failures after which a person has to look at a record whose service failed (sync.md 8, column *Att.*)."""

FAR_APART: Final = timedelta(hours=1)
"""Stretches of a list that lie closer are read in one walk: an account changes less than a page in that time."""

_MARGIN: Final = timedelta(seconds=1)
"""Added to both ends of a walk, should a bound turn out not to be inclusive (mobile-commons-api.md 5)."""

FAILURE_REASONS: Final = frozenset(
    {
        Reason.SERVICE_FAILED,
        Reason.SERVICE_REFUSED,
        Reason.OUTCOME_UNKNOWN,
        Reason.PHONE_REJECTED,
        Reason.UNREADABLE_RECORD,
    }
)
"""Reasons that make a dead letter (sync.md W12, W13, A5, C18, Q20)."""

_HELD_BACK: Final = frozenset({Reason.OPT_OUT_LIMIT_REACHED, Reason.CREATE_LIMIT_REACHED})
"""Reasons of a record that a safety limit kept from being tried: neither a failure nor a success (sync.md S1, S2)."""


class Listing(StrEnum):
    """The list of Mobile Commons in which a failed profile is found again."""

    PROFILES = "Profiles"
    SUBSCRIBERS = "Subscribers"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of a list has to be read for a record: what changed from `start` to `end`, both included.

    A version that is not there any more was changed since, and comes with the window of a push. `end` is None where
    nobody knows what the list's dates mean (mobile-commons-api.md U4).
    """

    listing: Listing
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What has to be known of a failed record for a second try that decides as the first one would have.

    The store holds no numbers: a person is read by id, a profile is found in its `stretch`. `since` is the lower
    bound of the run that first failed on a profile, from which on an opt-out is new (sync.md C10). `is_opt_out`: it
    was an opt-out that failed. `is_eligible`: the run might have created and opted in the person (sync.md Q0).
    """

    direction: Direction
    stretch: Stretch | None = None
    since: datetime | None = None
    is_opt_out: bool = False
    is_eligible: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that failed after its tries: a person of a pull or a profile of a push, by id.

    `failures` counts the runs that failed on it in a row.
    """

    record_id: str
    trace: Trace
    outcome: Outcome
    first_failed_at: datetime
    failures: int
    next_try_at: datetime


def is_failure(outcome: Outcome) -> bool:
    """Say whether a record with this outcome belongs to the dead letters."""
    return outcome.reason in FAILURE_REASONS


def leaves(outcome: Outcome) -> bool:
    """Say whether a dead letter with this outcome is one no more: it, or a newer version of it, was handled (W12)."""
    return not is_failure(outcome) and outcome.reason not in _HELD_BACK


def failed(
    record_id: str,
    trace: Trace,
    outcome: Outcome,
    *,
    before: DeadLetter | None,
    run_started_at: datetime,
    now: datetime,
) -> DeadLetter:
    """Return the dead letter of a record on which a run has failed; `before` is the one that it had.

    What was new or eligible once stays so, and an opt-out that cannot be read any more stays one.
    """
    failures = 1
    if before is not None:
        failures += before.failures
        since = min((each.since for each in (trace, before.trace) if each.since is not None), default=None)
        trace = replace(
            trace,
            stretch=trace.stretch or before.trace.stretch,
            since=since,
            is_opt_out=trace.is_opt_out or (before.trace.is_opt_out and outcome.reason is Reason.UNREADABLE_RECORD),
            is_eligible=trace.is_eligible or before.trace.is_eligible,
        )
    return DeadLetter(
        record_id=record_id,
        trace=trace,
        outcome=replace(outcome, fields=()),
        first_failed_at=now if before is None else before.first_failed_at,
        failures=failures,
        next_try_at=Backoff.after(failures, run_started_at).next_try_at,
    )


def is_due(letter: DeadLetter, run_started_at: datetime) -> bool:
    """Say whether a run of its direction tries a record again; a failed opt-out is tried by each (W12).

    An opt-out whose profile was not there any more rests like the others: there is nothing to carry.
    """
    if letter.trace.is_opt_out and not is_missing(letter):
        return True
    return Backoff(letter.failures, letter.next_try_at).is_over(run_started_at)


def is_missing(letter: DeadLetter) -> bool:
    """Say whether the last try did not find the record."""
    return letter.outcome.reason is Reason.PROFILE_DELETED


def needs_attention(outcome: Outcome, failures: int = 1) -> bool:
    """Say whether a person has to look at a record, after so many failures in a row."""
    return outcome.reason in NEEDS_ATTENTION or (is_failure(outcome) and failures >= ATTENTION_AFTER)


def join_stretches(letters: Iterable[DeadLetter]) -> list[tuple[Stretch, list[DeadLetter]]]:
    """Return the walks that find these profiles again, each with those to look for; letters without a trace in none."""
    traced = [(stretch, letter) for letter in letters if (stretch := letter.trace.stretch) is not None]
    traced.sort(key=lambda each: (each[0].listing, each[0].start))
    walks: list[tuple[Stretch, list[DeadLetter]]] = []
    for stretch, letter in traced:
        if walks and _is_near(walks[-1][0], stretch):
            before, found = walks[-1]
            end = None if before.end is None or stretch.end is None else max(before.end, stretch.end)
            walks[-1] = (replace(before, end=end), [*found, letter])
        else:
            walks.append((stretch, [letter]))
    return [(_widened(stretch), found) for stretch, found in walks]


def first_opt_outs(letters: Iterable[DeadLetter]) -> tuple[list[DeadLetter], list[DeadLetter]]:
    """Divide letters into those that are an opt-out, or may be one, and the others."""
    first: list[DeadLetter] = []
    others: list[DeadLetter] = []
    for letter in letters:
        may_be = letter.trace.is_opt_out or letter.outcome.reason is Reason.UNREADABLE_RECORD
        (first if may_be else others).append(letter)
    return first, others


def _is_near(before: Stretch, after: Stretch) -> bool:
    return before.listing is after.listing and (before.end is None or after.start - before.end <= FAR_APART)


def _widened(stretch: Stretch) -> Stretch:
    return replace(stretch, start=stretch.start - _MARGIN, end=None if stretch.end is None else stretch.end + _MARGIN)
