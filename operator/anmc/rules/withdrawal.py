"""Opt-outs made in Action Network: what is one, and what becomes of it (sync.md C5, C7, C8, C13)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from anmc.api.names import Reason
from anmc.rules.consent import MembershipReading, WishReading
from anmc.rules.policy import Policy
from anmc.rules.records import Person
from anmc.rules.remembered import OptOutOrigin, PersonSeen, StagedOptOut, Suppression
from anmc.rules.states import Membership, SmsStatus, Wish

_SMS_STATUSES: Final = {"subscribed": SmsStatus.SUBSCRIBED, "unsubscribed": SmsStatus.UNSUBSCRIBED}

_NOTHING_TO_LEAVE: Final = frozenset({Membership.NEVER, Membership.OPTED_OUT})
"""Memberships that an opt-out would not change (Q9b)."""


def read_sms_status(text: str | None) -> SmsStatus | None:
    """Read Action Network's SMS status; None for what has no meaning, bounces included (C2)."""
    return _SMS_STATUSES.get((text or "").strip().lower())


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An explicit opt-out; `at` is the latest time at which it can have been made."""

    at: datetime
    reason: Reason


def read_withdrawal(person: Person, wish: WishReading, seen: PersonSeen | None, *, now: datetime) -> Withdrawal | None:
    """Say whether a person has opted out since they were last seen; rule C5.

    A person who was never seen to say yes has nothing to take back: a first reading is a baseline.
    """
    if seen is None:
        return None
    if seen.stated_wish is Wish.TRUE and wish.wish is Wish.FALSE:
        return Withdrawal(person.modified_date or now, Reason.APPLIED)
    if seen.stated_sms is SmsStatus.SUBSCRIBED and read_sms_status(person.sms_status) is SmsStatus.UNSUBSCRIBED:
        return Withdrawal(now, Reason.FLAG_AND_STATUS_DIFFER if wish.wish is Wish.TRUE else Reason.APPLIED)
    return None


class WithdrawalStep(Enum):
    """What becomes of a withdrawal, new or kept from before."""

    NONE = auto()
    """There is none."""
    STAGE = auto()
    """It waits for the end of the reads and the safety limit (C13)."""
    KEEP = auto()
    """It waits already."""
    REVOKE = auto()
    """It was taken back before it was applied."""
    VOID = auto()
    """The person's own act is newer: Action Network is told."""
    RECORD = auto()
    """It enters the ledger; the spec keeps it from Mobile Commons (C8)."""
    REPAIR = auto()
    """The number is active although a withdrawal is on record: out again (C7)."""


def judge_withdrawal(
    withdrawal: Withdrawal | None,
    *,
    staged: StagedOptOut | None,
    wish: WishReading,
    sms: SmsStatus | None,
    membership: MembershipReading,
    suppression: Suppression | None,
    policy: Policy,
) -> WithdrawalStep:
    """Decide what becomes of a person's withdrawal; rules C5, C7, C8, C13, and the table of section 3.2.

    `staged` is the one that waits for this number since an earlier reading, `suppression` the ledger's entry after
    this reading.
    """
    if withdrawal is not None:
        if is_newer(membership, withdrawal.at):
            return WithdrawalStep.VOID
        return WithdrawalStep.STAGE if policy.carries_withdrawals else WithdrawalStep.RECORD
    if staged is not None and not staged.is_approved:
        if _is_revoked(staged, wish, sms):
            return WithdrawalStep.REVOKE
        return WithdrawalStep.VOID if is_newer(membership, staged.opted_out_at) else WithdrawalStep.KEEP
    return WithdrawalStep.REPAIR if needs_repair(membership, suppression, policy) else WithdrawalStep.NONE


def is_newer(membership: MembershipReading, withdrawn_at: datetime) -> bool:
    """Say whether the person came back by handset or web after a withdrawal (section 3.2)."""
    return membership.membership is Membership.ACTIVE and membership.at is not None and membership.at > withdrawn_at


def needs_repair(membership: MembershipReading, suppression: Suppression | None, policy: Policy) -> bool:
    """Say whether a number is active although a withdrawal of it is on record; rule C7, rows P18 and Q25."""
    return (
        policy.carries_withdrawals
        and membership.membership is Membership.ACTIVE
        and suppression is not None
        and suppression.is_live
        and suppression.origin is OptOutOrigin.ACTION_NETWORK
    )


def opts_out(membership: MembershipReading) -> bool:
    """Say whether there is a subscription that an opt-out ends; rows Q9 and Q9b."""
    return membership.membership not in _NOTHING_TO_LEAVE


def enter_withdrawal(entry: Suppression | None, staged: StagedOptOut) -> Suppression:
    """Return the ledger entry of a withdrawal that has passed the safety limit; the newest time counts (C7)."""
    if entry is not None and entry.is_live and entry.opted_out_at >= staged.opted_out_at:
        return entry
    handled_at = entry.handled_at if entry is not None else None
    return Suppression(staged.number_hash, staged.opted_out_at, OptOutOrigin.ACTION_NETWORK, handled_at)


def _is_revoked(staged: StagedOptOut, wish: WishReading, sms: SmsStatus | None) -> bool:
    """Say whether the person says yes again where they had said no."""
    if staged.reason is Reason.FLAG_AND_STATUS_DIFFER:
        return sms is SmsStatus.SUBSCRIBED
    return wish.wish is Wish.TRUE
