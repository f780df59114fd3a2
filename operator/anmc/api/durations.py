"""Durations as users write them: Go duration text such as `5m` or `1h30m`."""

import re
from datetime import timedelta
from typing import Final

DURATION_PATTERN: Final = "^([0-9]{1,5}(h|m|s)){1,3}$"
"""What the CRD schema accepts (api.md 9): hours, minutes and seconds, whole numbers only."""

DURATION_MAX_LENGTH: Final = 18
"""Three numbers of five digits, each with its unit."""

_WHOLE = re.compile(DURATION_PATTERN)
_PART = re.compile("([0-9]+)(h|m|s)")
_UNITS: Final = {"h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


def parse_duration(text: str) -> timedelta:
    """Read a Go duration of hours, minutes and seconds; parts add up, as in Go.

    Raises:
        ValueError: the text is no such duration; the message says what one looks like.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError("must be a duration such as 5m or 36h")
    return sum((int(number) * _UNITS[unit] for number, unit in _PART.findall(text)), timedelta())


def format_duration(duration: timedelta) -> str:
    """Write a duration with as few parts as it needs: `48h`, `1h30m`, `0s`; fractions of a second are cut."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if number]
    return "".join(parts) or "0s"
