from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.rules.records import NumberHash, ProfileId, SubscriberRow, Subscription
from anmc.rules.remembered import OptOutOrigin, Suppression
from anmc.rules.sweep import (
    SweepBounds,
    entry_of_row,
    profile_changed_at,
    row_changed_at,
)
from support.rule_builders import a_profile

NOON = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACTIVATION = NOON - timedelta(days=30)
LAST_SWEEP = NOON - timedelta(days=7)
BOUNDS = SweepBounds(LAST_SWEEP, ACTIVATION)
AFTER_A_REST = SweepBounds(ACTIVATION - timedelta(days=60), ACTIVATION)
NUMBER = NumberHash(b"n" * 32)
ENTRY = Suppression(NUMBER, NOON, OptOutOrigin.MOBILE_COMMONS)


def a_row(*, activated_at: datetime | None = None, opted_out_at: datetime | None = None) -> SubscriberRow:
    return SubscriberRow(ProfileId("1001"), "12025550123", activated_at, opted_out_at)


@pytest.mark.parametrize(
    ("bounds", "changed_at", "is_known", "differs", "decided"),
    [
        pytest.param(BOUNDS, ACTIVATION - HOUR, True, True, True, id="W4-known-in-another-form"),
        pytest.param(BOUNDS, LAST_SWEEP, True, False, True, id="W4-known-and-changed-since-the-last-sweep"),
        pytest.param(BOUNDS, LAST_SWEEP - HOUR, True, False, False, id="W4-known-and-as-ever"),
        pytest.param(BOUNDS, None, True, False, False, id="W4-known-without-a-date"),
        pytest.param(BOUNDS, ACTIVATION, False, False, True, id="W4-never-seen-since-the-activation"),
        pytest.param(BOUNDS, ACTIVATION - HOUR, False, False, False, id="W4-never-seen-and-older-than-that"),
        pytest.param(BOUNDS, None, False, False, True, id="W4-never-seen-without-a-date"),
        pytest.param(AFTER_A_REST, ACTIVATION - HOUR, False, False, True, id="W11-changed-while-inactive"),
    ],
)
def test_what_a_sweep_decides_about(
    bounds: SweepBounds,
    changed_at: datetime | None,
    is_known: bool,  # noqa: FBT001 - a row of the table
    differs: bool,  # noqa: FBT001
    decided: bool,  # noqa: FBT001
) -> None:
    assert bounds.includes(changed_at, is_known=is_known, differs=differs) is decided


@pytest.mark.parametrize(
    ("row", "entry", "expected"),
    [
        pytest.param(a_row(activated_at=NOON), None, None, id="C7-active"),
        pytest.param(a_row(), None, None, id="C7-pending"),
        pytest.param(a_row(opted_out_at=NOON), None, ENTRY, id="C7-out-without-an-activation"),
        pytest.param(a_row(activated_at=NOON, opted_out_at=NOON), None, ENTRY, id="C4-equal-times-are-out"),
        pytest.param(a_row(activated_at=NOON + HOUR, opted_out_at=NOON), None, None, id="C7-came-back"),
        pytest.param(a_row(opted_out_at=NOON), ENTRY, None, id="C7-known"),
        pytest.param(a_row(opted_out_at=NOON - HOUR), ENTRY, None, id="C7-older-than-known"),
        pytest.param(
            a_row(opted_out_at=NOON + HOUR),
            replace(ENTRY, origin=OptOutOrigin.ACTION_NETWORK, ended_at=NOON, handled_at=NOON),
            replace(ENTRY, opted_out_at=NOON + HOUR, handled_at=NOON),
            id="C7-the-newest-time-counts",
        ),
        pytest.param(
            a_row(opted_out_at=NOON), replace(ENTRY, ended_at=NOON + HOUR), None, id="C6-the-row-of-before-coming-back"
        ),
    ],
)
def test_what_a_row_tells_the_ledger(
    row: SubscriberRow, entry: Suppression | None, expected: Suppression | None
) -> None:
    assert entry_of_row(row, entry, NUMBER) == expected


moments = st.integers(min_value=0, max_value=9).map(lambda hours: NOON + hours * HOUR)


@given(
    rows=st.lists(st.builds(a_row, activated_at=st.none() | moments, opted_out_at=st.none() | moments), max_size=6),
)
def test_a_row_never_ends_an_entry_and_the_order_of_rows_does_not_matter(rows: list[SubscriberRow]) -> None:
    def filled(order: list[SubscriberRow]) -> Suppression | None:
        entry: Suppression | None = None
        for row in order:
            before, entry = entry, entry_of_row(row, entry, NUMBER) or entry
            assert before is None or (entry is not None and entry.is_live)
        return entry

    assert filled(rows) == filled(rows[::-1])


def test_the_newest_date_of_a_record_counts() -> None:
    subscription = Subscription("7", "Active", None, NOON + HOUR, None)
    profile = replace(a_profile(), updated_at=NOON, opted_out_at=None, subscriptions=(subscription,))

    assert profile_changed_at(profile) == NOON + HOUR
    assert profile_changed_at(replace(profile, updated_at=None, subscriptions=())) is None
    assert row_changed_at(a_row(activated_at=NOON, opted_out_at=NOON + HOUR)) == NOON + HOUR
    assert row_changed_at(a_row()) is None
