"""Times as the services spell them."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

MAX_CLOCK_OFFSET: Final = timedelta(days=1)
"""Difference of two clocks beyond which a `Date` header is an error, of a server or of something between."""


def read_time(text: str | None) -> datetime | None:
    """Read a time of an answer: ISO 8601, or `YYYY-MM-DD HH:MM:SS UTC` (mobile-commons-api.md 3.2).

    A time without a zone is UTC. Anything that is no time is None: a strange date must not stop a page.
    """
    spelled = (text or "").strip()
    if spelled.endswith(" UTC"):
        spelled = spelled.removesuffix(" UTC") + "+00:00"
    try:
        return _as_utc(datetime.fromisoformat(spelled))
    except (ValueError, OverflowError):
        return None


def read_http_date(text: str | None) -> datetime | None:
    """Read an HTTP date such as that of the `Date` header; None for anything else."""
    try:
        return _as_utc(parsedate_to_datetime(text or ""))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def write_time(instant: datetime) -> str:
    """Spell a time in the one form that both services document: `YYYY-MM-DDTHH:MM:SSZ`, fractions cut off."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def started_at(date: datetime | None, *, received_at: datetime, duration: timedelta) -> datetime:
    """Return when a request began by the service's own clock (sync.md W2).

    `date` is the `Date` header; without a usable one our clock at the end of the call, `received_at`, has to do.
    """
    ended_at = date or received_at
    try:
        return ended_at - duration
    except OverflowError:
        return received_at - duration


def clock_offset(date: datetime | None, *, sent_at: datetime, received_at: datetime) -> timedelta | None:
    """Return how far the service's clock is ahead of ours; None without a plausible `Date` header (sync.md W2).

    The header is cut to the second and was written somewhere between sending and receiving. As long as both
    clocks may agree the offset is zero, so that it does not waver from answer to answer; else it is the least that
    explains the header.
    """
    if date is None:
        return None
    at_least, at_most = date - received_at, date - sent_at + timedelta(seconds=1)
    offset = max(at_least, min(at_most, timedelta()))
    return offset if abs(offset) <= MAX_CLOCK_OFFSET else None


def _as_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
