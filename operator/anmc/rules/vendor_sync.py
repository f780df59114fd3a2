"""Signs of the vendor's own Action Network sync on the same accounts: two writers, two welcomes (sync.md 10)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from anmc.rules.records import Profile


def newest_sync(profiles: Iterable[Profile]) -> datetime | None:
    """Return when the vendor's own sync last wrote one of these profiles; None if none shows that it ever did."""
    return max((profile.synchronized_at for profile in profiles if profile.synchronized_at is not None), default=None)


def is_vendor_sync_active(
    synchronized_at: datetime | None, *, lower_bound: datetime, started_at: datetime, lookback: timedelta
) -> bool:
    """Say whether it still runs, by the newest time that the profiles of a run show.

    What it wrote before `lower_bound`, from when on the run reads, is of the past: somebody may have switched it off
    since. A full read reaches back further than anybody would want to hear of, so that the look-back counts there.
    """
    return synchronized_at is not None and synchronized_at > max(lower_bound, started_at - lookback)
