from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.conditions import Condition, find_condition, plain_message, remove_condition, set_condition
from anmc.api.names import ConditionReason, ConditionStatus, ConditionType

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def ready(
    conditions: tuple[Condition, ...], status: ConditionStatus, reason: ConditionReason, *, now: datetime
) -> Condition:
    changed = set_condition(conditions, ConditionType.READY, status, reason, generation=4, now=now)
    (condition,) = changed
    return condition


def test_the_transition_time_moves_when_the_status_flips() -> None:
    before = ready((), ConditionStatus.TRUE, ConditionReason.SYNCED, now=NOON)

    after = ready((before,), ConditionStatus.FALSE, ConditionReason.PUSH_FAILING, now=LATER)

    assert (before.last_transition_time, after.last_transition_time) == (NOON, LATER)


def test_the_transition_time_stays_while_only_the_reason_changes() -> None:
    before = ready((), ConditionStatus.TRUE, ConditionReason.ACTIVE, now=NOON)

    after = ready((before,), ConditionStatus.TRUE, ConditionReason.SYNCED, now=LATER)

    assert after.reason is ConditionReason.SYNCED
    assert after.last_transition_time == NOON


def test_a_condition_names_the_generation_that_was_looked_at() -> None:
    assert ready((), ConditionStatus.TRUE, ConditionReason.ACTIVE, now=NOON).observed_generation == 4


@given(st.permutations(list(ConditionType)))
def test_the_order_of_the_list_does_not_depend_on_the_order_of_events(types: list[ConditionType]) -> None:
    conditions: tuple[Condition, ...] = ()

    for type_ in types:
        conditions = set_condition(
            conditions, type_, ConditionStatus.TRUE, ConditionReason.PROGRESSING, generation=1, now=NOON
        )

    assert [condition.type for condition in conditions] == list(ConditionType)


def test_a_removed_condition_is_absent_and_the_others_stay() -> None:
    both = set_condition(
        (ready((), ConditionStatus.TRUE, ConditionReason.SYNCED, now=NOON),),
        ConditionType.RECONCILING,
        ConditionStatus.TRUE,
        ConditionReason.PROGRESSING,
        generation=4,
        now=NOON,
    )

    left = remove_condition(both, ConditionType.RECONCILING)

    assert find_condition(left, ConditionType.RECONCILING) is None
    assert find_condition(left, ConditionType.READY) is not None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("refused (403)", "refused (403)"),
        ("two\r\nlines\x00 and\x1b[31m colour", "two lines  and [31m colour"),
        ("  margins\n", "margins"),
        ("m" * 1024, "m" * 1024),
        ("m" * 1025, "m" * 1023 + "…"),
    ],
    ids=["ordinary", "control-characters", "margins", "longest", "too-long"],
)
def test_a_message_is_one_line_within_the_bound(text: str, plain: str) -> None:
    condition = set_condition(
        (), ConditionType.READY, ConditionStatus.TRUE, ConditionReason.SYNCED, text, generation=1, now=NOON
    )[0]

    assert condition.message == plain


@given(st.text(max_size=3000))
def test_a_plain_message_stays_as_it_is(text: str) -> None:
    assert plain_message(plain_message(text)) == plain_message(text)
