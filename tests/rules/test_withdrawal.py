"""Opt-outs made in Action Network: what is one, what becomes of it (sync.md C2, C5, C7, C8, C13)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import Direction, Reason
from anmc.rules.consent import NEVER, MembershipReading, read_wish
from anmc.rules.remembered import OptOutOrigin, PersonSeen, StagedOptOut, Suppression
from anmc.rules.states import Membership, SmsStatus, Wish
from anmc.rules.withdrawal import (
    Withdrawal,
    WithdrawalStep,
    enter_withdrawal,
    judge_withdrawal,
    needs_repair,
    opts_out,
    read_sms_status,
    read_withdrawal,
)
from support.rule_builders import (
    ACTIVE,
    ANA,
    EARLY,
    HASHER,
    LATER,
    NOON,
    OUT,
    PENDING,
    PHONE,
    UNCLEAR,
    UNDELIVERABLE,
    a_person,
    a_person_seen,
    a_policy,
)

NUMBER = HASHER.number(PHONE)
MOMENTS = st.integers(0, 10**7).map(lambda seconds: EARLY + timedelta(seconds=seconds))


def seen(stated: Wish | None = Wish.TRUE, sms: SmsStatus | None = None) -> PersonSeen:
    return a_person_seen(stated, stated_sms=sms)


def staged(reason: Reason = Reason.APPLIED, *, at: datetime = NOON, is_approved: bool = False) -> StagedOptOut:
    return StagedOptOut(NUMBER, ANA, None, at, reason, Direction.PULL, is_approved=is_approved)


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("subscribed", SmsStatus.SUBSCRIBED),
        (" Unsubscribed ", SmsStatus.UNSUBSCRIBED),
        ("bouncing", None),
        ("previous bounce", None),
        ("spam complaint", None),
        ("", None),
        (None, None),
    ],
)
def test_an_sms_status_means_something_or_nothing(text: str | None, status: SmsStatus | None) -> None:
    assert read_sms_status(text) is status


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    ("before", "wish", "sms", "expected"),
    [
        pytest.param(seen(), "0", None, Withdrawal(EARLY, Reason.APPLIED), id="yes-to-no"),
        pytest.param(seen(), "", None, None, id="yes-to-blank"),
        pytest.param(seen(), "perhaps", None, None, id="yes-to-junk"),
        pytest.param(seen(Wish.FALSE), "0", None, None, id="no-stays-no"),
        pytest.param(seen(None), "0", None, None, id="never-said-yes"),
        pytest.param(None, "0", "unsubscribed", None, id="first-seen"),
        pytest.param(
            seen(sms=SmsStatus.SUBSCRIBED),
            "1",
            "unsubscribed",
            Withdrawal(LATER, Reason.FLAG_AND_STATUS_DIFFER),
            id="sms-against-the-box",
        ),
        pytest.param(
            seen(None, SmsStatus.SUBSCRIBED), "", "unsubscribed", Withdrawal(LATER, Reason.APPLIED), id="sms-alone"
        ),
        pytest.param(seen(sms=SmsStatus.UNSUBSCRIBED), "1", "unsubscribed", None, id="sms-stays-out"),
        pytest.param(seen(sms=SmsStatus.SUBSCRIBED), "1", "bouncing", None, id="sms-bounces"),
        pytest.param(seen(sms=SmsStatus.SUBSCRIBED), "0", "unsubscribed", Withdrawal(EARLY, Reason.APPLIED), id="both"),
    ],
)
def test_a_withdrawal_is_a_yes_that_became_a_no(
    before: PersonSeen | None, wish: str, sms: str | None, expected: Withdrawal | None
) -> None:
    person = replace(a_person(), modified_date=EARLY, sms_status=sms)

    assert read_withdrawal(person, read_wish(wish), before, now=LATER) == expected


NEWER = MembershipReading(Membership.ACTIVE, LATER)
WITHDRAWN = Withdrawal(NOON, Reason.APPLIED)
ON_RECORD = Suppression(NUMBER, NOON, OptOutOrigin.ACTION_NETWORK)


@pytest.mark.parametrize(
    ("withdrawal", "waiting", "wish", "membership", "suppression", "carries", "step"),
    [
        pytest.param(WITHDRAWN, None, "0", ACTIVE, None, True, WithdrawalStep.STAGE, id="Q9"),
        pytest.param(WITHDRAWN, None, "0", NEVER, None, True, WithdrawalStep.STAGE, id="Q9b"),
        pytest.param(WITHDRAWN, None, "0", NEWER, None, True, WithdrawalStep.VOID, id="own-act-is-newer"),
        pytest.param(WITHDRAWN, None, "0", ACTIVE, None, False, WithdrawalStep.RECORD, id="C8-not-carried"),
        pytest.param(None, staged(), "0", ACTIVE, None, True, WithdrawalStep.KEEP, id="C13-waits"),
        pytest.param(None, staged(), "1", ACTIVE, None, True, WithdrawalStep.REVOKE, id="C13-yes-again"),
        pytest.param(None, staged(), "0", NEWER, None, True, WithdrawalStep.VOID, id="came-back-while-it-waits"),
        pytest.param(
            None, staged(Reason.FLAG_AND_STATUS_DIFFER), "1", ACTIVE, None, True, WithdrawalStep.KEEP, id="C13-by-sms"
        ),
        pytest.param(
            None, staged(is_approved=True), "1", ACTIVE, ON_RECORD, True, WithdrawalStep.REPAIR, id="approved-is-final"
        ),
        pytest.param(None, None, "1", ACTIVE, ON_RECORD, True, WithdrawalStep.REPAIR, id="Q25"),
        pytest.param(None, None, "1", ACTIVE, ON_RECORD, False, WithdrawalStep.NONE, id="Q25-forbidden"),
        pytest.param(None, None, "1", OUT, ON_RECORD, True, WithdrawalStep.NONE, id="out-already"),
        pytest.param(
            None,
            None,
            "1",
            ACTIVE,
            replace(ON_RECORD, origin=OptOutOrigin.MOBILE_COMMONS),
            True,
            WithdrawalStep.NONE,
            id="P23-not-ours-to-repair",
        ),
        pytest.param(
            None, None, "1", ACTIVE, replace(ON_RECORD, ended_at=LATER), True, WithdrawalStep.NONE, id="C6-ended"
        ),
    ],
)
def test_what_becomes_of_a_withdrawal(
    withdrawal: Withdrawal | None,
    waiting: StagedOptOut | None,
    wish: str,
    membership: MembershipReading,
    suppression: Suppression | None,
    carries: bool,  # noqa: FBT001  a column of the table
    step: WithdrawalStep,
) -> None:
    policy = replace(a_policy(), carries_withdrawals=carries)

    assert (
        judge_withdrawal(
            withdrawal,
            staged=waiting,
            wish=read_wish(wish),
            sms=SmsStatus.UNSUBSCRIBED,
            membership=membership,
            suppression=suppression,
            policy=policy,
        )
        is step
    )


@pytest.mark.rule("Q9", "Q9b")
@pytest.mark.parametrize(
    ("membership", "ends_something"),
    [(ACTIVE, True), (PENDING, True), (UNDELIVERABLE, True), (UNCLEAR, True), (NEVER, False), (OUT, False)],
)
def test_only_a_subscription_can_be_left(membership: MembershipReading, ends_something: bool) -> None:  # noqa: FBT001
    assert opts_out(membership) is ends_something


@pytest.mark.rule("C7")
@given(known_at=MOMENTS, withdrawn_at=MOMENTS, is_live=st.booleans())
def test_the_newest_time_counts_in_the_ledger(known_at: datetime, withdrawn_at: datetime, is_live: bool) -> None:  # noqa: FBT001
    ended = None if is_live else known_at + timedelta(days=1)
    before = Suppression(NUMBER, known_at, OptOutOrigin.MOBILE_COMMONS, ended_at=ended)

    after = enter_withdrawal(before, staged(at=withdrawn_at))

    assert after.is_live
    assert after.opted_out_at >= withdrawn_at
    assert after.opted_out_at == (max(known_at, withdrawn_at) if is_live else withdrawn_at)


@pytest.mark.rule("C7", "P18", "Q25")
@given(origin=st.sampled_from(OptOutOrigin), membership=st.sampled_from(Membership), ended=st.booleans())
def test_only_an_active_number_with_a_live_withdrawal_is_repaired(
    origin: OptOutOrigin,
    membership: Membership,
    ended: bool,  # noqa: FBT001
) -> None:
    entry = replace(ON_RECORD, origin=origin, ended_at=LATER if ended else None)

    wanted = origin is OptOutOrigin.ACTION_NETWORK and membership is Membership.ACTIVE and not ended
    assert needs_repair(MembershipReading(membership, NOON), entry, a_policy()) is wanted
