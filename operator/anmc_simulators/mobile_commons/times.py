"""Times as Mobile Commons writes and reads them (mobile-commons-api.md 3.2, 5)."""

from datetime import UTC, datetime, timedelta


def in_element(time: datetime | None) -> str:
    """Return a time as element text has it; nothing for no time."""
    return f"{time.isoformat(' ')[:19]} UTC" if time else ""


def in_attribute(time: datetime | None) -> str:
    """Return a time as attributes have it; nothing for no time."""
    return f"{time.isoformat()[:19]}Z" if time else ""


def parse(text: str, *, naive_offset: timedelta = timedelta()) -> datetime:
    """Read a `from` or `to` in any spelling that is in use, extended or basic ISO 8601 or `… UTC`.

    A time without a zone is so far ahead of UTC: what the service assumes is unknown (U20).
    A date alone is its first second.

    Raises:
        ValueError: not a time.
    """
    spelling = text.strip()
    if spelling.upper().endswith(" UTC"):
        spelling = f"{spelling[:-4]}Z"
    time = datetime.fromisoformat(spelling)
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC) - naive_offset
    except OverflowError as error:
        raise ValueError("a time outside the years 1 to 9999") from error
