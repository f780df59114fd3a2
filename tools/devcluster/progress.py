"""What a person at the terminal is told: on stderr, since stdout carries the kubeconfig's path alone."""

import sys
from datetime import timedelta


def report(text: str) -> None:
    """Say one line at once."""
    print(f"cluster: {text}", file=sys.stderr, flush=True)


def spell(duration: timedelta) -> str:
    """Write a duration as a person says it: `4.2 s` or `6 min 05 s`."""
    seconds = duration.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"
