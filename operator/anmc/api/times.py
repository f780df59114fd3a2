"""Times as the API shows them: RFC 3339 in UTC, whole seconds."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, PlainSerializer


def format_time(time: datetime) -> str:
    """Write an aware time such as `2026-02-03T10:25:00Z`; fractions are cut, so a watermark never moves ahead."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _to_utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


ApiTime = Annotated[AwareDatetime, AfterValidator(_to_utc), PlainSerializer(format_time, return_type=str)]
"""An aware time in UTC, written in the API's form; a text without a zone is refused."""
