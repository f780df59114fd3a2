"""Which stretch of time a run reads; how far its watermark moves afterwards (sync.md W3 to W6, W8, Q0).

All times are aware UTC. Bounds and watermarks are cut to whole seconds, as both services keep no finer ones.
"""

from datetime import datetime, timedelta
from typing import Final

from anmc.api.names import InitialSync
from anmc.rules.backoff import Backoff

PUSH_OVERLAP: Final = timedelta(minutes=5)
"""How far a push reaches back before its watermark, and how far the watermark stays behind the run's start.

Ten minutes in all: Mobile Commons' paging drifts while profiles change, and a profile that moved to an
earlier page is read by the next run (mobile-commons-api.md 4). Reading it twice costs no write (sync.md W9).
"""

INDEX_LAG: Final = timedelta(minutes=15)
"""How far the watermark of a pull stays behind the run's start.

Action Network's `modified_date` filter trails its writes by a delay that nobody has measured, and its
clock is not ours (action-network-api.md 4.3). Reading a record twice costs no write (sync.md Q21).
"""

_EXCLUSIVE_STEP: Final = timedelta(seconds=1)
"""What turns the filter's `gt` into "from this second on"; the service keeps whole seconds."""

RESUME_LIMIT: Final = timedelta(hours=1)
"""How old an interruption may be for its run to go on: pages drift, so an older walk begins anew (sync.md W8)."""

WALK_EVERY: Final = timedelta(days=7)
"""How often each side is read in full, changed or not (W4, W6)."""

NIGHT_SHIFT: Final = timedelta(hours=2)
"""How much earlier than a week a nightly pull may read everybody again.

The clocks are put on by an hour, and no run starts at the same second as the one of the week before. Without this a
refresh would fall on every eighth night.
"""

SWEEP_OVERLAP: Final = timedelta(minutes=10)
"""How far a sweep reaches back before the start of the last one, as two pushes overlap (W4)."""


def push_lower_bound(watermark: datetime | None, active_since: datetime) -> datetime:
    """Return the `from` of a push; the first watermark is the activation (W3)."""
    return _whole(active_since if watermark is None else watermark) - PUSH_OVERLAP


def next_push_watermark(run_start: datetime) -> datetime:
    """Return the watermark of a push that read to its end; `run_start` in service time (W2, W3)."""
    return _whole(run_start) - PUSH_OVERLAP


def pull_lower_bound(watermark: datetime | None, now: datetime, lookback: timedelta) -> datetime:
    """Return from when on a pull reads: the look-back, or further where nights were missed (W5)."""
    at_least = _whole(now - lookback)
    return at_least if watermark is None else min(_whole(watermark), at_least)


def next_pull_watermark(run_start: datetime) -> datetime:
    """Return the watermark of a pull that read to its end; `run_start` in service time (W2, W5)."""
    return _whole(run_start) - INDEX_LAG


def pull_filter_bound(lower_bound: datetime) -> datetime:
    """Return the time for `modified_date gt`, which leaves out the time it names (W5)."""
    return _whole(lower_bound) - _EXCLUSIVE_STEP


def is_sweep_due(walked_at: datetime | None, now: datetime) -> bool:
    """Say whether a week has gone by; `walked_at` is the start of the last complete sweep (W4)."""
    return walked_at is None or now - walked_at >= WALK_EVERY


def has_sweep_rested(backoff: Backoff | None, run_started_at: datetime, *, is_requested: bool) -> bool:
    """Say whether a sweep that is due may be tried: one that failed rests, unless somebody waits for the run."""
    return is_requested or backoff is None or backoff.is_over(run_started_at)


def sweep_lower_bound(walked_at: datetime | None, active_since: datetime) -> datetime:
    """Return from when on a sweep decides about what it finds; that of the first is the activation (W4)."""
    return _whole(active_since) if walked_at is None else _whole(walked_at) - SWEEP_OVERLAP


def new_opt_outs_since(lower_bound: datetime, walked_at: datetime | None, active_since: datetime) -> datetime:
    """Return from when on an opt-out that a push with this bound reads is new, if it was never handled (C10).

    An opt-out of everything may move no date that a window looks at. What shows it days later is an edit, or the
    next sweep; only what the last sweep has seen can be old.
    """
    return min(lower_bound, sweep_lower_bound(walked_at, active_since))


def is_refresh_due(walked_at: datetime | None, now: datetime) -> bool:
    """Say whether a nightly pull reads everybody (W6).

    `walked_at` is the start of the last complete full read, or of the first pull; None if the store has lost it.
    """
    return walked_at is None or now - walked_at >= WALK_EVERY - NIGHT_SHIFT


def reads_everybody(
    *,
    full: bool,
    is_first: bool,
    initial_sync: InitialSync,
    is_requested: bool,
    walked_at: datetime | None,
    now: datetime,
) -> bool:
    """Say whether a pull reads everybody instead of a window; rule W6.

    `full`: a full pull was requested. Any other requested one reads its window, as somebody waits for it.
    """
    if full:
        return True
    if is_first:
        return initial_sync is not InitialSync.WINDOW
    return not is_requested and is_refresh_due(walked_at, now)


def is_eligible(person_modified: datetime | None, eligible_since: datetime, *, turned_true: bool, full: bool) -> bool:
    """Say whether a person may be created and opted in; rule Q0.

    `turned_true`: we saw the wish become True. `full`: the run is a requested full pull. A person without a
    date of modification is not recent.
    """
    return full or turned_true or (person_modified is not None and person_modified >= eligible_since)


def may_resume(interrupted_at: datetime, now: datetime) -> bool:
    """Say whether an interrupted run goes on where it stopped, less than an hour ago (W8)."""
    return now - interrupted_at < RESUME_LIMIT


def _whole(time: datetime) -> datetime:
    """Cut to whole seconds, which reads a little more and never less."""
    return time.replace(microsecond=0)
