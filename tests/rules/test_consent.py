from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import Category, Reason
from anmc.rules.consent import (
    NEVER,
    WISH_TEXT,
    Membership,
    MembershipReading,
    Wish,
    WishReading,
    is_new_opt_out,
    judge_opt_in,
    may_opt_in,
    observe_membership,
    overtake_attempt,
    read_membership,
    read_wish,
)
from anmc.rules.records import NumberHash, Profile, ProfileId, Subscription
from anmc.rules.remembered import Attempt, AttemptResult, OptOutOrigin, Suppression

EARLY = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

NUMBER = NumberHash(b"hash of a number")
OURS, OTHERS = "678", "999"


def a_subscription(
    activated_at: datetime | None = EARLY,
    opted_out_at: datetime | None = None,
    *,
    status: str = "Active",
    campaign: str = OURS,
) -> Subscription:
    return Subscription(campaign, status, None, activated_at, opted_out_at)


def a_profile(
    *subscriptions: Subscription,
    status: str | None = "Active Subscriber",
    opted_out_at: datetime | None = None,
    updated_at: datetime | None = None,
) -> Profile:
    return Profile(
        id=ProfileId("602169563"),
        number="12025550123",
        status=status,
        updated_at=updated_at,
        opted_out_at=opted_out_at,
        values={},
        subscriptions=subscriptions,
    )


def active(at: datetime = EARLY, *, shown: datetime | None = None) -> MembershipReading:
    return MembershipReading(Membership.ACTIVE, at, other_opt_out_at=shown)


def out(at: datetime | None) -> MembershipReading:
    return MembershipReading(Membership.OPTED_OUT, at)


PENDING = MembershipReading(Membership.PENDING, None)
UNDELIVERABLE = MembershipReading(Membership.UNDELIVERABLE, None)
UNCLEAR = MembershipReading(Membership.UNCLEAR, None)


@pytest.mark.parametrize(
    ("texts", "wish"),
    [
        pytest.param(["1", "true", "T", "Yes", "y", " ON ", "checked"], Wish.TRUE, id="C1-true"),
        pytest.param(["0", "False", "f", "NO", "n", "off", "Unchecked\n"], Wish.FALSE, id="C1-false"),
        pytest.param([None, "", "  ", "\N{SYMBOL FOR NULL}"], Wish.UNKNOWN, id="C1-empty"),
    ],
)
def test_the_opt_in_field_is_read(texts: list[str | None], wish: Wish) -> None:
    assert {read_wish(text) for text in texts} == {WishReading(wish, is_readable=True)}


@pytest.mark.rule("C1", "I5")
@pytest.mark.parametrize("text", ["maybe", "2", "-1", "yes please", "null", "none"])
def test_c1_any_other_text_is_unknown_and_reported(text: str) -> None:
    assert read_wish(text) == WishReading(Wish.UNKNOWN, is_readable=False)


@pytest.mark.rule("N9")
def test_n9_what_is_written_reads_as_what_was_meant() -> None:
    assert {wish: read_wish(text).wish for wish, text in WISH_TEXT.items()} == {
        Wish.TRUE: Wish.TRUE,
        Wish.FALSE: Wish.FALSE,
    }


@pytest.mark.parametrize(
    ("profile", "reading"),
    [
        pytest.param(
            a_profile(a_subscription(EARLY, NOON, status="Opted-Out"), opted_out_at=LATER, status="Undeliverable"),
            out(LATER),
            id="C4a-out-everywhere",
        ),
        pytest.param(
            a_profile(a_subscription(NOON), opted_out_at=NOON),
            replace(out(NOON), notes=(Reason.CONSENT_CONTRADICTORY,)),
            id="C4a-equal-times-count-as-out-and-contradict-active",
        ),
        pytest.param(a_profile(opted_out_at=NOON), out(NOON), id="C4a-out-without-any-subscription"),
        pytest.param(
            a_profile(a_subscription(EARLY, LATER, status="Opted-Out"), opted_out_at=NOON),
            out(LATER),
            id="C4a-the-newest-opt-out-counts",
        ),
        pytest.param(
            a_profile(a_subscription(LATER, campaign=OTHERS), opted_out_at=NOON),
            out(NOON),
            id="C4a-activations-elsewhere-do-not-count",
        ),
        pytest.param(
            a_profile(a_subscription(LATER), opted_out_at=NOON),
            active(LATER, shown=NOON),
            id="C4a-came-back-after-it",
        ),
        pytest.param(
            a_profile(a_subscription(LATER), status="Texted a STOP word", opted_out_at=NOON),
            out(NOON),
            id="C4b-stop-as-status",
        ),
        pytest.param(
            a_profile(a_subscription(EARLY, LATER, status="Opted-Out"), status="Texted a STOP word"),
            out(LATER),
            id="C4b-the-newest-opt-out-counts",
        ),
        pytest.param(
            a_profile(status="texted a STOP word", updated_at=NOON), out(NOON), id="C4b-at-the-change-of-the-profile"
        ),
        pytest.param(
            a_profile(a_subscription(EARLY, NOON, status="Opted-Out"), status="Undeliverable"),
            out(NOON),
            id="C4c-opted-out-subscription-before-undeliverable",
        ),
        pytest.param(
            a_profile(a_subscription(NOON, NOON, status="Active")), out(NOON), id="C4c-equal-times-count-as-out"
        ),
        pytest.param(
            a_profile(a_subscription(None, NOON, status="Pending")), out(NOON), id="C4c-out-before-it-was-active"
        ),
        pytest.param(
            a_profile(a_subscription(EARLY, status="Opted-Out")), out(None), id="C4c-opted-out-without-a-time"
        ),
        pytest.param(a_profile(a_subscription(), status="Undeliverable"), UNDELIVERABLE, id="C4d-undeliverable"),
        pytest.param(a_profile(status="Hard bounce"), UNDELIVERABLE, id="C4d-hard-bounce"),
        pytest.param(a_profile(a_subscription(NOON)), active(NOON), id="C4e-active"),
        pytest.param(
            a_profile(a_subscription(LATER, NOON)), active(LATER, shown=None), id="C4e-activated-after-its-opt-out"
        ),
        pytest.param(a_profile(a_subscription(None, status="Pending")), PENDING, id="C4f-pending"),
        pytest.param(a_profile(a_subscription(None, status="Active")), PENDING, id="C4f-active-without-activation"),
        pytest.param(a_profile(a_subscription(status="Dormant")), UNCLEAR, id="C4g-unknown-text"),
        pytest.param(
            a_profile(a_subscription(campaign=OTHERS), status="Active Subscriber"), NEVER, id="C4h-only-elsewhere"
        ),
        pytest.param(a_profile(status="Profiles with no Subscriptions"), NEVER, id="C4h-no-subscription"),
    ],
)
def test_the_membership_in_a_campaign_is_read(profile: Profile, reading: MembershipReading) -> None:
    assert read_membership(profile, OURS) == reading


@pytest.mark.parametrize(
    ("profile", "reading"),
    [
        pytest.param(
            a_profile(a_subscription(NOON), a_subscription(EARLY, LATER, status="Opted-Out", campaign=OTHERS)),
            active(NOON, shown=LATER),
            id="C4e-active-while-one-subscription-is-active",
        ),
        pytest.param(
            a_profile(
                a_subscription(EARLY, NOON, status="Opted-Out"),
                a_subscription(EARLY, LATER, status="Opted-Out", campaign=OTHERS),
            ),
            out(LATER),
            id="C4c-newest-of-several-opt-outs",
        ),
        pytest.param(
            a_profile(a_subscription(NOON), a_subscription(LATER, campaign=OTHERS)),
            active(LATER),
            id="C4e-newest-of-several-activations",
        ),
        pytest.param(
            a_profile(
                a_subscription(EARLY, NOON, status="Opted-Out"), a_subscription(None, status="", campaign=OTHERS)
            ),
            out(NOON),
            id="C4c-out-beats-pending",
        ),
        pytest.param(
            a_profile(a_subscription(status="Dormant"), a_subscription(None, status="", campaign=OTHERS)),
            PENDING,
            id="C4f-pending-beats-unclear",
        ),
    ],
)
def test_without_a_campaign_all_subscriptions_count(profile: Profile, reading: MembershipReading) -> None:
    assert read_membership(profile, None) == reading


times = st.none() | st.sampled_from([EARLY, NOON, LATER])
subscriptions = st.builds(
    a_subscription,
    times,
    times,
    status=st.sampled_from(["Active", "Opted-Out", "Pending", "", "Dormant"]),
    campaign=st.sampled_from([OURS, OTHERS]),
)
profiles = st.builds(
    lambda rows, **rest: a_profile(*rows, **rest),
    st.lists(subscriptions, max_size=4),
    status=st.sampled_from([None, "Active Subscriber", "Undeliverable", "Texted a STOP word", "Cleaned"]),
    opted_out_at=times,
    updated_at=times,
)


@given(profile=profiles, scope=st.sampled_from([None, OURS]))
def test_nobody_is_active_against_an_opt_out_of_everything(profile: Profile, scope: str | None) -> None:
    reading = read_membership(profile, scope)

    is_active = reading.membership is Membership.ACTIVE
    assert not is_active or profile.opted_out_at is None or (reading.at or EARLY) > profile.opted_out_at


def an_entry(
    opted_out_at: datetime = NOON,
    *,
    origin: OptOutOrigin = OptOutOrigin.MOBILE_COMMONS,
    handled_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> Suppression:
    return Suppression(NUMBER, opted_out_at, origin, handled_at, ended_at)


WITHDRAWAL = OptOutOrigin.ACTION_NETWORK


@pytest.mark.parametrize(
    ("reading", "entry", "was_active", "is_new"),
    [
        pytest.param(out(LATER), an_entry(handled_at=NOON), False, True, id="C10-later-than-the-handled-one"),
        pytest.param(out(NOON), an_entry(handled_at=NOON), True, False, id="C10-the-handled-one-again"),
        pytest.param(out(EARLY), an_entry(handled_at=NOON), True, False, id="C10-older-than-the-handled-one"),
        pytest.param(out(NOON), None, False, True, id="C10-unknown-and-in-the-window"),
        pytest.param(out(NOON - SECOND), None, False, False, id="C10-unknown-and-old"),
        pytest.param(out(EARLY), None, True, True, id="C10-old-but-known-as-active"),
        pytest.param(out(NOON), an_entry(NOON), False, True, id="C10-known-and-not-handled"),
        pytest.param(out(EARLY), an_entry(EARLY), False, False, id="C10-an-old-one-is-never-pushed-again"),
        pytest.param(out(None), None, False, True, id="C10-without-a-time"),
        pytest.param(out(None), an_entry(handled_at=NOON), True, False, id="C10-without-a-time-and-handled"),
        pytest.param(active(LATER), None, True, False, id="C10-no-opt-out-at-all"),
    ],
)
def test_an_opt_out_is_carried_once(
    reading: MembershipReading,
    entry: Suppression | None,
    was_active: bool,  # noqa: FBT001 - a row of the table
    is_new: bool,  # noqa: FBT001
) -> None:
    assert is_new_opt_out(reading, entry, was_active=was_active, lower_bound=NOON) is is_new


@pytest.mark.parametrize(
    ("reading", "before", "after"),
    [
        pytest.param(NEVER, None, None, id="C7-nothing-to-keep"),
        pytest.param(active(), None, None, id="C7-active-needs-no-entry"),
        pytest.param(out(NOON), None, an_entry(NOON), id="C7-first-opt-out"),
        pytest.param(out(None), None, an_entry(NOW), id="C7-without-a-time-it-is-now"),
        pytest.param(out(LATER), an_entry(handled_at=NOON), an_entry(LATER, handled_at=NOON), id="C7-newest-counts"),
        pytest.param(out(EARLY), an_entry(NOON), an_entry(NOON), id="C7-older-changes-nothing"),
        pytest.param(out(None), an_entry(NOON), an_entry(NOON), id="C7-without-a-time-changes-nothing"),
        pytest.param(
            out(LATER), an_entry(origin=WITHDRAWAL), an_entry(LATER), id="C7-mobile-commons-shows-it-later-too"
        ),
        pytest.param(
            out(EARLY), an_entry(origin=WITHDRAWAL), an_entry(origin=WITHDRAWAL), id="C7-withdrawal-is-the-newer-one"
        ),
        pytest.param(out(NOW), an_entry(ended_at=LATER), an_entry(NOW), id="C7-out-again-after-coming-back"),
        pytest.param(out(NOON), an_entry(ended_at=LATER), an_entry(NOON), id="C7-shown-again-is-live-again"),
        pytest.param(active(LATER), an_entry(), an_entry(ended_at=NOW), id="C6-active-since-later"),
        pytest.param(
            active(LATER), an_entry(origin=WITHDRAWAL), an_entry(origin=WITHDRAWAL, ended_at=NOW), id="C6-and-withdrew"
        ),
        pytest.param(active(EARLY), an_entry(), an_entry(ended_at=NOW), id="C6-active-and-the-opt-out-is-gone"),
        pytest.param(active(EARLY, shown=NOON), an_entry(), an_entry(), id="C6-the-opt-out-is-still-shown"),
        pytest.param(
            active(EARLY), an_entry(origin=WITHDRAWAL), an_entry(origin=WITHDRAWAL), id="C6-withdrawal-was-never-shown"
        ),
        pytest.param(
            active(NOON), an_entry(origin=WITHDRAWAL), an_entry(origin=WITHDRAWAL), id="C6-equal-times-stay-out"
        ),
        pytest.param(active(NOW), an_entry(ended_at=LATER), an_entry(ended_at=LATER), id="C6-ended-before"),
        pytest.param(NEVER, an_entry(), an_entry(), id="C6-a-deleted-profile-is-no-act"),
        pytest.param(PENDING, an_entry(), an_entry(), id="C6-pending-is-no-act"),
        pytest.param(UNDELIVERABLE, an_entry(), an_entry(), id="C6-undeliverable-is-no-act"),
        pytest.param(UNCLEAR, an_entry(), an_entry(), id="C6-unclear-is-no-act"),
    ],
)
def test_the_ledger_follows_what_is_read(
    reading: MembershipReading, before: Suppression | None, after: Suppression | None
) -> None:
    assert observe_membership(reading, before, NUMBER, now=NOW) == after


@pytest.mark.parametrize(
    ("intended_at", "ends"),
    [
        pytest.param(NOON + SECOND, False, id="C6-our-call-is-newer"),
        pytest.param(NOON, False, id="C6-our-call-in-the-same-second"),
        pytest.param(NOON - SECOND, True, id="C6-our-call-is-older"),
    ],
)
def test_our_own_call_is_not_the_persons_act(intended_at: datetime, ends: bool) -> None:  # noqa: FBT001
    attempt = Attempt(NUMBER, OURS, intended_at)

    entry = observe_membership(active(LATER), an_entry(), NUMBER, now=NOW, attempt=attempt)

    assert entry is not None
    assert entry.is_live is not ends


readings = st.one_of(
    st.sampled_from([NEVER, PENDING, UNDELIVERABLE, UNCLEAR]),
    st.builds(out, times),
    st.builds(active, st.sampled_from([EARLY, NOON, LATER]), shown=times),
)


@pytest.mark.rule("I1", "C6")
@given(
    readings=st.lists(readings, max_size=8),
    origin=st.sampled_from(OptOutOrigin),
    tried=st.sampled_from([None, Attempt(NUMBER, OURS, LATER)]),
)
def test_i1_only_an_active_membership_ends_a_suppression(
    readings: list[MembershipReading], origin: OptOutOrigin, tried: Attempt | None
) -> None:
    entry = an_entry(origin=origin)
    for reading in readings:
        after = observe_membership(reading, entry, NUMBER, now=NOW, attempt=tried)
        assert after is not None
        assert after.opted_out_at >= entry.opted_out_at
        assert after.is_live or not entry.is_live or (reading.membership is Membership.ACTIVE and tried is None)
        entry = after


@pytest.mark.rule("I10")
@given(reading=readings, origin=st.sampled_from(OptOutOrigin))
def test_i10_reading_the_same_twice_changes_the_ledger_once(reading: MembershipReading, origin: OptOutOrigin) -> None:
    once = observe_membership(reading, an_entry(origin=origin), NUMBER, now=NOW)

    assert observe_membership(reading, once, NUMBER, now=NOW + SECOND) == once


YES = WishReading(Wish.TRUE, is_readable=True)


def may(
    membership: MembershipReading = NEVER,
    *,
    wish: WishReading = YES,
    eligible: bool = True,
    sms_status: str | None = "unsubscribed",
    suppression: Suppression | None = None,
    attempt: Attempt | None = None,
    opt_in_path: str | None = "12345",
) -> Reason | None:
    return may_opt_in(
        wish=wish,
        eligible=eligible,
        sms_status=sms_status,
        membership=membership,
        suppression=suppression,
        attempt=attempt,
        opt_in_path=opt_in_path,
    )


def test_q1_a_ticked_box_of_somebody_who_never_joined_may_be_opted_in() -> None:
    assert may() is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(may(wish=WishReading(Wish.FALSE, is_readable=True)), Reason.NOT_OPTED_IN, id="Q8-box-not-ticked"),
        pytest.param(may(wish=WishReading(Wish.UNKNOWN, is_readable=True)), Reason.NOT_OPTED_IN, id="Q10-box-empty"),
        pytest.param(
            may(wish=WishReading(Wish.UNKNOWN, is_readable=False)),
            Reason.OPT_IN_FIELD_UNREADABLE,
            id="Q10-box-unreadable",
        ),
        pytest.param(may(active()), Reason.ALREADY_SUBSCRIBED, id="Q3-member-gets-no-second-welcome"),
        pytest.param(may(out(NOON)), Reason.PREVIOUSLY_OPTED_OUT, id="Q4-opt-out-outlives-a-ticked-box"),
        pytest.param(may(suppression=an_entry()), Reason.PREVIOUSLY_OPTED_OUT, id="Q4-ledger-outlives-the-profile"),
        pytest.param(may(active(), suppression=an_entry()), Reason.PREVIOUSLY_OPTED_OUT, id="Q4-ledger-before-all"),
        pytest.param(may(suppression=an_entry(ended_at=LATER)), None, id="C6-an-ended-entry-holds-nobody"),
        pytest.param(may(PENDING), Reason.AWAITING_CONFIRMATION, id="Q5-pending"),
        pytest.param(may(UNDELIVERABLE), Reason.UNDELIVERABLE, id="Q6-undeliverable"),
        pytest.param(may(sms_status=" Bouncing"), Reason.UNDELIVERABLE, id="Q6-bouncing"),
        pytest.param(may(out(NOON), sms_status="bouncing"), Reason.PREVIOUSLY_OPTED_OUT, id="Q4-before-bouncing"),
        pytest.param(may(sms_status="previous bounce"), None, id="C2-previous-bounce-means-nothing"),
        pytest.param(may(sms_status=None), None, id="C2-no-status-means-nothing"),
        pytest.param(may(UNCLEAR), Reason.MEMBERSHIP_UNCLEAR, id="Q23-unclear"),
        pytest.param(may(opt_in_path=None), Reason.NO_OPT_IN_PATH, id="Q7-no-path"),
        pytest.param(may(active(), opt_in_path=None), Reason.ALREADY_SUBSCRIBED, id="Q3-before-no-path"),
        pytest.param(may(eligible=False), Reason.NOT_RECENT, id="Q0-not-recent"),
    ],
)
def test_an_opt_in_call_is_held_back(answer: Reason | None, reason: Reason | None) -> None:
    assert answer == reason


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        pytest.param(AttemptResult.SUBSCRIBED, Reason.ALREADY_SUBSCRIBED, id="I3-called-with-success"),
        pytest.param(AttemptResult.PENDING, Reason.AWAITING_CONFIRMATION, id="I3-called-and-asked"),
        pytest.param(AttemptResult.REFUSED, Reason.REFUSED_BY_VENDOR, id="I3-called-in-vain"),
        pytest.param(AttemptResult.FAILED, Reason.SERVICE_REFUSED, id="I3-called-and-refused"),
        pytest.param(AttemptResult.UNKNOWN, None, id="C18-left-nothing-as-a-later-reading-shows"),
        pytest.param(AttemptResult.INTENDED, None, id="C18-crashed-before-it-left-anything"),
        pytest.param(AttemptResult.OVERTAKEN, None, id="C12-called-in-vain-before-the-wish-was-new"),
    ],
)
def test_a_number_is_called_once(result: AttemptResult, reason: Reason | None) -> None:
    assert may(attempt=Attempt(NUMBER, OURS, EARLY, result)) == reason


@pytest.mark.parametrize(
    ("result", "turned_true", "membership", "is_overtaken"),
    [
        pytest.param(AttemptResult.REFUSED, True, NEVER, True, id="C12-refused-and-a-new-wish"),
        pytest.param(AttemptResult.FAILED, True, NEVER, True, id="C12-failed-and-a-new-wish"),
        pytest.param(AttemptResult.REFUSED, False, NEVER, False, id="C12-refused-and-the-old-wish"),
        pytest.param(AttemptResult.FAILED, False, NEVER, False, id="C12-failed-and-the-old-wish"),
        pytest.param(AttemptResult.REFUSED, True, out(NOON), False, id="C12-refused-with-an-opt-out"),
        pytest.param(AttemptResult.REFUSED, True, UNCLEAR, False, id="C12-refused-with-an-unclear-subscription"),
        pytest.param(AttemptResult.SUBSCRIBED, True, NEVER, False, id="I3-left-a-subscription"),
        pytest.param(AttemptResult.PENDING, True, NEVER, False, id="I3-left-a-question"),
        pytest.param(AttemptResult.UNKNOWN, True, NEVER, False, id="C18-no-more-than-one-more-call"),
        pytest.param(AttemptResult.INTENDED, True, NEVER, False, id="C18-crashed-and-no-more-than-one-more-call"),
    ],
)
def test_a_new_wish_overtakes_a_call_that_left_nothing(
    result: AttemptResult, membership: MembershipReading, *, turned_true: bool, is_overtaken: bool
) -> None:
    attempt = Attempt(NUMBER, OURS, EARLY, result, calls=2)

    after = overtake_attempt(attempt, membership, turned_true=turned_true)

    assert after == (Attempt(NUMBER, OURS, EARLY, AttemptResult.OVERTAKEN, calls=0) if is_overtaken else attempt)


def test_a_new_wish_overtakes_no_call_where_none_was_made() -> None:
    assert overtake_attempt(None, NEVER, turned_true=True) is None


@pytest.mark.rule("I1", "I2")
@given(
    membership=readings,
    wish=st.builds(WishReading, st.sampled_from(Wish), is_readable=st.booleans()),
    suppression=st.sampled_from([None, an_entry(), an_entry(ended_at=LATER)]),
    sms_status=st.sampled_from([None, "subscribed", "bouncing"]),
)
def test_i1_i2_nobody_else_is_ever_texted(
    membership: MembershipReading, wish: WishReading, suppression: Suppression | None, sms_status: str | None
) -> None:
    reason = may(membership, wish=wish, suppression=suppression, sms_status=sms_status)

    is_suppressed = suppression is not None and suppression.is_live
    is_asked_for = wish.wish is Wish.TRUE and membership.membership is Membership.NEVER
    assert (reason is None) == (is_asked_for and not is_suppressed and sms_status != "bouncing")


@pytest.mark.parametrize(
    ("profile", "judgement"),
    [
        pytest.param(
            a_profile(a_subscription(NOW)),
            (AttemptResult.SUBSCRIBED, Category.SUBSCRIBED, Reason.APPLIED),
            id="C18-active",
        ),
        pytest.param(
            a_profile(a_subscription(None, status="Pending")),
            (AttemptResult.PENDING, Category.DEFERRED_SUBSCRIPTION, Reason.AWAITING_CONFIRMATION),
            id="C18-pending",
        ),
        pytest.param(
            a_profile(a_subscription(EARLY, NOON, status="Opted-Out")),
            (AttemptResult.REFUSED, Category.HELD, Reason.REFUSED_BY_VENDOR),
            id="C18-a-former-member-stays-out",
        ),
        pytest.param(
            a_profile(a_subscription(EARLY, campaign=OTHERS)),
            (AttemptResult.REFUSED, Category.HELD, Reason.REFUSED_BY_VENDOR),
            id="C18-member-of-another-campaign-only",
        ),
        pytest.param(
            a_profile(),
            (AttemptResult.REFUSED, Category.HELD, Reason.REFUSED_BY_VENDOR),
            id="C18-no-subscription",
        ),
        pytest.param(
            a_profile(a_subscription(NOW), status="Undeliverable"),
            (AttemptResult.REFUSED, Category.HELD, Reason.UNDELIVERABLE),
            id="C18-undeliverable",
        ),
        pytest.param(
            a_profile(a_subscription(NOW, status="Dormant")),
            (AttemptResult.REFUSED, Category.HELD, Reason.MEMBERSHIP_UNCLEAR),
            id="C18-unknown-text",
        ),
    ],
)
def test_an_opt_in_call_is_judged_by_the_subscription_it_left(
    profile: Profile, judgement: tuple[AttemptResult, Category, Reason]
) -> None:
    assert judge_opt_in(profile, OURS) == judgement
