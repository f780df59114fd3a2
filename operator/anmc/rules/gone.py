"""Records that were deleted: when they count as gone, and what brings a person back (sync.md M13, M14)."""

from datetime import datetime
from typing import Final

from anmc.rules.consent import MembershipReading
from anmc.rules.states import Membership

MISSED_WALKS: Final = 2
"""Weekly walks in a row that have to miss a profile before its number is asked for by itself (sync.md M13)."""


def is_missed(missed_walks: int) -> bool:
    """Say whether a profile was absent for so long that only Mobile Commons' word on its number is wanting; M13.

    An answer that shows no profile (error 5) then makes it a deleted one.
    """
    return missed_walks >= MISSED_WALKS


def is_lifted(gone_at: datetime | None, reading: MembershipReading) -> bool:
    """Say whether a member came back after the record was found gone; M14.

    Only an activation that is newer does that. Without a tombstone, `gone_at` None, there is nothing to lift.
    """
    if gone_at is None or reading.membership is not Membership.ACTIVE or reading.at is None:
        return False
    return reading.at > gone_at
