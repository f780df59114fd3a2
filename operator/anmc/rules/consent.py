"""Consent: what both sides say about it, what the ledger keeps of it, who may be opted in (sync.md 3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from anmc.api.names import Category, Reason
from anmc.rules.normalise import EMPTY_MARK
from anmc.rules.records import NumberHash, Profile, Subscription
from anmc.rules.remembered import Attempt, AttemptResult, OptOutOrigin, Suppression
from anmc.rules.states import Membership, Wish

__all__ = [
    "NEVER",
    "WISH_TEXT",
    "Membership",
    "MembershipReading",
    "Wish",
    "WishReading",
    "is_new_opt_out",
    "judge_opt_in",
    "may_opt_in",
    "observe_membership",
    "overtake_attempt",
    "read_membership",
    "read_wish",
]

WISH_TEXT: Final[Mapping[Wish, str]] = {Wish.TRUE: "1", Wish.FALSE: "0"}
"""How a wish is written into the opt-in field (sync.md N9). Unknown has no text: it is never written."""

_WISHES: Final[Mapping[str, Wish]] = {
    "": Wish.UNKNOWN,
    EMPTY_MARK: Wish.UNKNOWN,
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on", "checked"), Wish.TRUE),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off", "unchecked"), Wish.FALSE),
}

_STOP_STATUS: Final = "texted a stop word"
_UNDELIVERABLE_STATUSES: Final = frozenset({"undeliverable", "hard bounce"})
"""Profile texts, in lower case, of numbers that take no texts (mobile-commons-api.md 8.1)."""

_BOUNCING: Final = "bouncing"
"""Action Network's SMS status of a number that takes no texts (sync.md C2)."""


@dataclass(frozen=True, slots=True)
class WishReading:
    """The opt-in field as read; not readable means text that is neither yes, no nor empty."""

    wish: Wish
    is_readable: bool


def read_wish(text: str | None) -> WishReading:
    """Read the opt-in field; rule C1. What is no answer is neither yes nor no (I5)."""
    wish = _WISHES.get((text or "").strip().lower())
    return WishReading(Wish.UNKNOWN, is_readable=False) if wish is None else WishReading(wish, is_readable=True)


@dataclass(frozen=True, slots=True)
class MembershipReading:
    """The membership of a profile in scope.

    `at` is the opt-out time if opted out (None: Mobile Commons gives none), the activation if active, else
    None. `other_opt_out_at` is the newest opt-out still shown in scope beside an Active membership.
    """

    membership: Membership
    at: datetime | None
    notes: tuple[Reason, ...] = ()
    other_opt_out_at: datetime | None = None


NEVER: Final = MembershipReading(Membership.NEVER, None)
"""The reading of a number without a profile."""


def read_membership(  # noqa: PLR0911 - one return per row of C4
    profile: Profile, scope: str | None
) -> MembershipReading:
    """Read the membership; table C4, the first row that fits. `scope` None means all subscriptions."""
    subscriptions = [s for s in profile.subscriptions if scope is None or s.campaign_id == scope]
    out = [s for s in subscriptions if _is_out(s)]
    active = [s for s in subscriptions if _is_active(s)]
    # Of active ones the newest counts: an activation that did not last takes back no opt-out of everything.
    activated_at = _newest(s.activated_at for s in active or subscriptions)
    status = _folded(profile.status)
    # One who has left everything may have left a campaign since: the newest time counts (C7).
    opted_out_at = _newest(s.opted_out_at for s in out)
    left_at = _newest((profile.opted_out_at, opted_out_at))

    if profile.opted_out_at and (activated_at is None or profile.opted_out_at >= activated_at):
        notes = (Reason.CONSENT_CONTRADICTORY,) if active else ()
        return MembershipReading(Membership.OPTED_OUT, left_at, notes)  # a
    if status == _STOP_STATUS:
        return MembershipReading(Membership.OPTED_OUT, left_at or profile.updated_at)  # b
    if out and not active:
        return MembershipReading(Membership.OPTED_OUT, opted_out_at)  # c
    if status in _UNDELIVERABLE_STATUSES:
        return MembershipReading(Membership.UNDELIVERABLE, None)  # d
    if active:
        since = _newest(s.activated_at for s in active)
        return MembershipReading(Membership.ACTIVE, since, other_opt_out_at=left_at)  # e
    if any(s.activated_at is None for s in subscriptions):
        return MembershipReading(Membership.PENDING, None)  # f
    if subscriptions:
        return MembershipReading(Membership.UNCLEAR, None)  # g
    return NEVER  # h


def is_new_opt_out(
    reading: MembershipReading, suppression: Suppression | None, *, was_active: bool, lower_bound: datetime
) -> bool:
    """Say whether Action Network has to be told of this opt-out; rule C10.

    `was_active` is what the store knew of the number before, `lower_bound` that of the run. An opt-out
    without a time is new until it has been handled once.
    """
    if reading.membership is not Membership.OPTED_OUT:
        return False
    if suppression is not None and suppression.handled_at is not None:
        return reading.at is not None and reading.at > suppression.handled_at
    return was_active or reading.at is None or reading.at >= lower_bound


def observe_membership(
    reading: MembershipReading,
    suppression: Suppression | None,
    number_hash: NumberHash,
    *,
    now: datetime,
    attempt: Attempt | None = None,
) -> Suppression | None:
    """Return the ledger entry as it has to be stored after this reading; rules C6 and C7.

    None means that there is nothing to store; the entry itself comes back where nothing changes. `attempt` is
    our newest opt-in call for the number, in any campaign of the scope.
    """
    if reading.membership is Membership.OPTED_OUT:
        return _suppressed(reading, suppression, number_hash, now=now)
    if suppression is None or not suppression.is_live:
        return suppression
    if _is_own_act(reading, suppression, attempt):
        return replace(suppression, ended_at=now)
    return suppression


def _suppressed(
    reading: MembershipReading, entry: Suppression | None, number_hash: NumberHash, *, now: datetime
) -> Suppression:
    """Enter an opt-out that Mobile Commons shows; the newest time counts (C7)."""
    if entry is None:
        return Suppression(number_hash, reading.at or now, OptOutOrigin.MOBILE_COMMONS)
    if reading.at is not None and reading.at > entry.opted_out_at:
        return replace(entry, opted_out_at=reading.at, origin=OptOutOrigin.MOBILE_COMMONS, ended_at=None)
    return entry if entry.is_live else replace(entry, ended_at=None)


def _is_own_act(reading: MembershipReading, entry: Suppression, attempt: Attempt | None) -> bool:
    """Say whether the person came back by handset or web; rule C6."""
    if reading.membership is not Membership.ACTIVE:
        return False
    if attempt is not None and attempt.intended_at >= entry.opted_out_at:
        return False  # the activation may be our own work
    if reading.at is not None and reading.at > entry.opted_out_at:
        return True
    was_shown = entry.origin is OptOutOrigin.MOBILE_COMMONS
    is_still_shown = reading.other_opt_out_at is not None and reading.other_opt_out_at >= entry.opted_out_at
    return was_shown and not is_still_shown


_HOLD_BY_MEMBERSHIP: Final[Mapping[Membership, Reason | None]] = {
    Membership.NEVER: None,  # Q1, Q2
    Membership.ACTIVE: Reason.ALREADY_SUBSCRIBED,  # Q3
    Membership.OPTED_OUT: Reason.PREVIOUSLY_OPTED_OUT,  # Q4
    Membership.PENDING: Reason.AWAITING_CONFIRMATION,  # Q5
    Membership.UNDELIVERABLE: Reason.UNDELIVERABLE,  # Q6
    Membership.UNCLEAR: Reason.MEMBERSHIP_UNCLEAR,  # Q23
}
"""Total on purpose: a membership without a row fails instead of sending a text."""

_HOLD_BY_ATTEMPT: Final[Mapping[AttemptResult, Reason | None]] = {
    AttemptResult.SUBSCRIBED: Reason.ALREADY_SUBSCRIBED,
    AttemptResult.PENDING: Reason.AWAITING_CONFIRMATION,
    AttemptResult.REFUSED: Reason.REFUSED_BY_VENDOR,
    AttemptResult.FAILED: Reason.SERVICE_REFUSED,
    # Whether it arrived is not known; Never, read after it, says that it left nothing (C18).
    AttemptResult.INTENDED: None,
    AttemptResult.UNKNOWN: None,
    AttemptResult.OVERTAKEN: None,
}
"""Whether a call that was made before forbids another one, by its result (I3, C18)."""

_LEFT_NOTHING: Final = frozenset({AttemptResult.REFUSED, AttemptResult.FAILED})
"""Results of a call that was answered, and that left no subscription while Mobile Commons shows none (C12)."""


def overtake_attempt(attempt: Attempt | None, membership: MembershipReading, *, turned_true: bool) -> Attempt | None:
    """Return our newest call for a number as it counts after a reading of the wish; the exception of C12.

    `turned_true`: this reading saw the stated wish become True, so after the call, which was made for an earlier one.
    What follows is a call of its own. One whose answer nobody saw is none of these: at most one more follows it (C18).
    """
    if attempt is None or not turned_true or attempt.result not in _LEFT_NOTHING or membership != NEVER:
        return attempt
    return replace(attempt, result=AttemptResult.OVERTAKEN, calls=0)


def may_opt_in(  # noqa: PLR0911 - one return per condition of C12
    *,
    wish: WishReading,
    eligible: bool,
    sms_status: str | None,
    membership: MembershipReading,
    suppression: Suppression | None,
    attempt: Attempt | None,
    opt_in_path: str | None,
) -> Reason | None:
    """Return why this number may not be opted in, None if it may; rule C12.

    `membership` has to be read in the same run (I2), after `attempt` was made, our newest call for the number
    and the target campaign. The reasons come in the order of the pull table: Q8 and Q10, Q4, Q6, Q23, Q3, Q5,
    Q7, Q0. What the caller knows by itself is not asked here: identity, required fields, mode, safety stops.
    """
    if wish.wish is not Wish.TRUE:
        return Reason.NOT_OPTED_IN if wish.is_readable else Reason.OPT_IN_FIELD_UNREADABLE
    if suppression is not None and suppression.is_live:
        return Reason.PREVIOUSLY_OPTED_OUT  # I1
    if _is_bouncing(sms_status) and membership.membership is not Membership.OPTED_OUT:
        return Reason.UNDELIVERABLE
    if reason := _HOLD_BY_MEMBERSHIP[membership.membership]:
        return reason
    if opt_in_path is None:
        return Reason.NO_OPT_IN_PATH
    if not eligible:
        return Reason.NOT_RECENT
    return None if attempt is None else _HOLD_BY_ATTEMPT[attempt.result]


_ANSWERS: Final[Mapping[Membership, tuple[AttemptResult, Category, Reason]]] = {
    Membership.ACTIVE: (AttemptResult.SUBSCRIBED, Category.SUBSCRIBED, Reason.APPLIED),
    Membership.PENDING: (
        AttemptResult.PENDING,
        Category.DEFERRED_SUBSCRIPTION,
        Reason.AWAITING_CONFIRMATION,
    ),
    Membership.OPTED_OUT: (AttemptResult.REFUSED, Category.HELD, Reason.REFUSED_BY_VENDOR),
    Membership.NEVER: (AttemptResult.REFUSED, Category.HELD, Reason.REFUSED_BY_VENDOR),
    Membership.UNDELIVERABLE: (AttemptResult.REFUSED, Category.HELD, Reason.UNDELIVERABLE),
    Membership.UNCLEAR: (AttemptResult.REFUSED, Category.HELD, Reason.MEMBERSHIP_UNCLEAR),
}


def judge_opt_in(profile: Profile, target: str) -> tuple[AttemptResult, Category, Reason]:
    """Judge an opt-in call by the profile it answered with, never by the word success; rule C18.

    `target` is the id of the path's campaign. Never is final here: the caller has read `profile` once more if
    the answer of the call itself lacked the subscription.
    """
    return _ANSWERS[read_membership(profile, target).membership]


def _is_out(subscription: Subscription) -> bool:
    """Opted out, equal times included."""
    if _folded(subscription.status) == "opted-out":
        return True
    activated_at, opted_out_at = subscription.activated_at, subscription.opted_out_at
    return opted_out_at is not None and (activated_at is None or opted_out_at >= activated_at)


def _is_active(subscription: Subscription) -> bool:
    is_activated = _folded(subscription.status) == "active" and subscription.activated_at is not None
    return is_activated and not _is_out(subscription)


def _is_bouncing(sms_status: str | None) -> bool:
    return _folded(sms_status) == _BOUNCING


def _folded(text: str | None) -> str:
    return (text or "").strip().lower()


def _newest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)
