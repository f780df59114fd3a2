"""What the weekly sweep of a push makes of a row or profile that it comes across (sync.md W4, C7)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from anmc.rules.records import NumberHash, Profile, SubscriberRow
from anmc.rules.remembered import OptOutOrigin, Suppression


@dataclass(frozen=True, slots=True)
class SweepBounds:
    """From when on a sweep decides: `lower_bound` is its own, `active_since` the activation."""

    lower_bound: datetime
    active_since: datetime

    def includes(self, changed_at: datetime | None, *, is_known: bool, differs: bool) -> bool:
        """Say whether a record is decided about; the others only fill the ledger.

        `changed_at` is the newest date that it shows: one without any can be called old by nobody. `is_known` and
        `differs` say whether the store knows the record, and in another form. What a deactivation left unread
        since the last sweep is older than the activation, and decided about all the same (W11).
        """
        if is_known and differs:
            return True
        earliest = self.lower_bound if is_known else min(self.lower_bound, self.active_since)
        return changed_at >= earliest if changed_at is not None else not is_known


def row_changed_at(row: SubscriberRow) -> datetime | None:
    """Return when a subscription changed, as far as its row shows it."""
    return _newest((row.activated_at, row.opted_out_at))


def profile_changed_at(profile: Profile) -> datetime | None:
    """Return the newest date of a profile and of its subscriptions, which move without it (contract 5.1)."""
    subscriptions = (date for each in profile.subscriptions for date in (each.activated_at, each.opted_out_at))
    return _newest((profile.updated_at, profile.opted_out_at, *subscriptions))


def entry_of_row(row: SubscriberRow, entry: Suppression | None, number: NumberHash) -> Suppression | None:
    """Return the ledger entry that a row of the campaign in scope asks for, None where it adds nothing (C7).

    A row ends no entry and opens none again: a profile that came back may have a row of before and one of after
    (mobile-commons-api.md 8.2).
    """
    opted_out_at, activated_at = row.opted_out_at, row.activated_at
    if opted_out_at is None or (activated_at is not None and activated_at > opted_out_at):
        return None
    if entry is None:
        return Suppression(number, opted_out_at, OptOutOrigin.MOBILE_COMMONS)
    if opted_out_at <= entry.opted_out_at:
        return None
    return replace(entry, opted_out_at=opted_out_at, origin=OptOutOrigin.MOBILE_COMMONS, ended_at=None)


def _newest(dates: Iterable[datetime | None]) -> datetime | None:
    return max((date for date in dates if date is not None), default=None)
