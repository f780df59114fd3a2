"""Times as the services spell them."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


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


def started_at(date_header: str | None, *, received_at: datetime, duration: timedelta) -> datetime:
    """Return when a request began by the service's own clock (sync.md W2).

    Without a usable `Date` header our clock at the end of the call, `received_at`, has to do.
    """
    ended_at = read_http_date(date_header) or received_at
    try:
        return ended_at - duration
    except OverflowError:
        return received_at - duration


def _as_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
