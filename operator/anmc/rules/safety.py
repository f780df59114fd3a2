"""Limits that stop a run before it does harm (sync.md S1, S2)."""

from typing import Final

ALWAYS_ALLOWED: Final = 20
"""Opt-outs of linked people that never stop a run, however few links there are (S1)."""


def opts_out_too_many(opt_outs: int, *, links: int, max_percent: int) -> bool:
    """Say whether a run would opt out more of the linked people than the spec allows; rule S1.

    `opt_outs` counts the linked people whom the run would opt out, `links` all links at its start.
    """
    return opt_outs > ALWAYS_ALLOWED and opt_outs * 100 > links * max_percent


class Creations:
    """Counts the records that a run makes in either service, and says when there may be no more; rule S2."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self.made = 0
        """Records that were made; a run that goes on takes up the count of its first part."""
        self.refused = 0
        """Records that were not made."""

    def claim(self) -> bool:
        """Take one more; False if the run has made as many as it may."""
        if self._limit is not None and self.made >= self._limit:
            self.refused += 1
            return False
        self.made += 1
        return True
