"""Records that failed: which do, how long each waits, when a person has to look (sync.md W12, W13)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import Category, Direction, Reason
from anmc.rules.dead_letters import (
    FAR_APART,
    DeadLetter,
    Listing,
    Stretch,
    Trace,
    failed,
    first_opt_outs,
    is_due,
    is_failure,
    join_stretches,
    leaves,
    needs_attention,
)
from anmc.rules.outcomes import Outcome

NOON = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

PUSHED = Trace(Direction.PUSH)
REFUSED = Outcome(Category.UNABLE_TO_UPDATE, Reason.SERVICE_REFUSED)
FAILED = Outcome(Category.PROCESSING_ERROR, Reason.SERVICE_FAILED)
UNREADABLE = Outcome(Category.PROCESSING_ERROR, Reason.UNREADABLE_RECORD)
DELETED = Outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED)

MAKE_ONE = {
    Reason.SERVICE_FAILED,
    Reason.SERVICE_REFUSED,
    Reason.OUTCOME_UNKNOWN,
    Reason.PHONE_REJECTED,
    Reason.UNREADABLE_RECORD,
}
LEAVE_ONE_ALONE = {Reason.OPT_OUT_LIMIT_REACHED, Reason.CREATE_LIMIT_REACHED}


def a_letter(
    trace: Trace = PUSHED,
    outcome: Outcome = REFUSED,
    *,
    failures: int = 1,
    run_started_at: datetime = NOON,
    record_id: str = "1001",
) -> DeadLetter:
    """A record that has failed so many times in runs which all began at the same time."""
    letter = None
    for _ in range(failures):
        letter = failed(record_id, trace, outcome, before=letter, run_started_at=run_started_at, now=run_started_at)
    assert letter is not None
    return letter


def changed(start: datetime, end: datetime | None = None, listing: Listing = Listing.PROFILES) -> Trace:
    return Trace(Direction.PUSH, Stretch(listing, start, end or start))


class TestWhichRecords:
    @pytest.mark.parametrize("reason", list(Reason))
    def test_w12_a_failure_makes_one_whatever_was_done_before_it(self, reason: Reason) -> None:
        assert is_failure(Outcome(Category.IMPORTED, reason)) is (reason in MAKE_ONE)

    @pytest.mark.parametrize("reason", list(Reason))
    def test_w12_one_leaves_when_it_was_handled(self, reason: Reason) -> None:
        """A safety limit handles nothing (S1, S2)."""
        assert leaves(Outcome(Category.HELD, reason)) is (reason not in MAKE_ONE | LEAVE_ONE_ALONE)


class TestBackOff:
    def test_w12_failures_are_counted_and_the_first_keeps_its_time(self) -> None:
        once = failed("1001", PUSHED, FAILED, before=None, run_started_at=NOON, now=NOON + SECOND)

        twice = failed("1001", PUSHED, REFUSED, before=once, run_started_at=NOON + HOUR, now=NOON + HOUR)

        assert (once.failures, once.first_failed_at, once.next_try_at) == (1, NOON + SECOND, NOON + 5 * MINUTE)
        assert (twice.failures, twice.first_failed_at) == (2, NOON + SECOND)
        assert (twice.outcome, twice.next_try_at) == (REFUSED, NOON + HOUR + 10 * MINUTE)

    @pytest.mark.parametrize(
        ("failures", "after", "due"),
        [
            pytest.param(1, 4 * MINUTE, False, id="W12-not-before-its-time"),
            pytest.param(1, 5 * MINUTE - 2 * SECOND, True, id="W12-the-next-tick-may-be-early-by-seconds"),
            pytest.param(1, 5 * MINUTE, True, id="W12-the-next-tick"),
            pytest.param(2, 5 * MINUTE, False, id="W12-the-second-wait-leaves-a-tick-out"),
            pytest.param(12, 23 * HOUR, True, id="W12-the-night-after-a-short-day"),
            pytest.param(12, 22 * HOUR, False, id="W12-not-in-the-same-night"),
        ],
    )
    def test_who_is_due(self, failures: int, after: timedelta, *, due: bool) -> None:
        assert is_due(a_letter(failures=failures), NOON + after) is due

    def test_w12_a_failed_opt_out_is_due_in_each_run(self) -> None:
        assert is_due(a_letter(Trace(Direction.PUSH, is_opt_out=True), failures=12), NOON)

    def test_an_opt_out_of_a_profile_that_is_gone_rests_like_the_others(self) -> None:
        gone = a_letter(Trace(Direction.PUSH, is_opt_out=True), DELETED)

        assert not is_due(gone, NOON + MINUTE)
        assert is_due(gone, NOON + 5 * MINUTE)

    @given(st.lists(st.integers(min_value=0, max_value=100_000), max_size=30))
    def test_whoever_is_due_stays_due_until_the_next_try(self, seconds: list[int]) -> None:
        letter = a_letter(failures=3)

        due = [is_due(letter, NOON + second * SECOND) for second in sorted(seconds)]

        assert due == sorted(due)


class TestAttention:
    @pytest.mark.parametrize("reason", [Reason.SERVICE_FAILED, Reason.OUTCOME_UNKNOWN])
    def test_a_service_that_failed_needs_a_person_after_three_times(self, reason: Reason) -> None:
        outcome = Outcome(Category.PROCESSING_ERROR, reason)

        assert [needs_attention(outcome, failures) for failures in (0, 1, 2, 3, 4)] == [False] * 3 + [True] * 2

    @pytest.mark.parametrize("reason", [Reason.SERVICE_REFUSED, Reason.PHONE_REJECTED, Reason.UNREADABLE_RECORD])
    def test_a_refusal_needs_one_at_once(self, reason: Reason) -> None:
        assert needs_attention(Outcome(Category.PROCESSING_ERROR, reason))

    def test_a_record_that_recovered_needs_nobody(self) -> None:
        assert not needs_attention(Outcome(Category.IMPORTED, Reason.APPLIED), 9)


class TestTraces:
    def test_c10_what_was_new_at_first_stays_new(self) -> None:
        first = a_letter(Trace(Direction.PUSH, since=NOON - HOUR))

        later = failed(
            "1001", Trace(Direction.PUSH, since=NOON), FAILED, before=first, run_started_at=NOON + HOUR, now=NOON + HOUR
        )

        assert later.trace.since == NOON - HOUR

    def test_q0_who_might_have_been_opted_in_still_may(self) -> None:
        first = a_letter(Trace(Direction.PULL, is_eligible=True))

        later = failed("1001", Trace(Direction.PULL), FAILED, before=first, run_started_at=NOON, now=NOON)

        assert later.trace.is_eligible

    def test_the_newest_version_is_looked_for_where_it_is(self) -> None:
        first = a_letter(changed(NOON - HOUR))

        later = failed("1001", changed(NOON), FAILED, before=first, run_started_at=NOON, now=NOON)

        assert later.trace.stretch == Stretch(Listing.PROFILES, NOON, NOON)

    @pytest.mark.parametrize(
        ("outcome", "is_opt_out"),
        [
            pytest.param(UNREADABLE, True, id="what-cannot-be-read-may-still-be-one"),
            pytest.param(FAILED, False, id="who-came-back-since-is-none"),
        ],
    )
    def test_w12_an_opt_out_stays_one_until_something_else_is_read(self, outcome: Outcome, *, is_opt_out: bool) -> None:
        first = a_letter(Trace(Direction.PUSH, is_opt_out=True))

        later = failed("1001", Trace(Direction.PUSH), outcome, before=first, run_started_at=NOON, now=NOON)

        assert later.trace.is_opt_out is is_opt_out

    def test_no_field_name_is_kept(self) -> None:
        assert a_letter(outcome=Outcome(Category.IMPORTED, Reason.SERVICE_REFUSED, ("city",))).outcome.fields == ()


class TestWalks:
    def test_a_walk_reads_a_second_more_on_both_sides(self) -> None:
        [(stretch, _)] = join_stretches([a_letter(changed(NOON))])

        assert stretch == Stretch(Listing.PROFILES, NOON - SECOND, NOON + SECOND)

    def test_neighbours_are_read_in_one_walk(self) -> None:
        near, far = a_letter(changed(NOON + FAR_APART)), a_letter(changed(NOON + 3 * FAR_APART))
        first = a_letter(changed(NOON))

        walks = join_stretches([far, near, first])

        assert [(stretch.start, stretch.end, letters) for stretch, letters in walks] == [
            (NOON - SECOND, NOON + FAR_APART + SECOND, [first, near]),
            (NOON + 3 * FAR_APART - SECOND, NOON + 3 * FAR_APART + SECOND, [far]),
        ]

    def test_a_short_stretch_inside_a_long_one_does_not_end_it(self) -> None:
        [(stretch, _)] = join_stretches([a_letter(changed(NOON, NOON + HOUR)), a_letter(changed(NOON + MINUTE))])

        assert stretch.end == NOON + HOUR + SECOND

    def test_subscribers_are_read_from_the_earliest_on(self) -> None:
        rows = [
            a_letter(Trace(Direction.PUSH, Stretch(Listing.SUBSCRIBERS, NOON + days * 24 * HOUR, None)))
            for days in (3, 0)
        ]

        assert [stretch for stretch, _ in join_stretches([*rows, a_letter(changed(NOON))])] == [
            Stretch(Listing.PROFILES, NOON - SECOND, NOON + SECOND),
            Stretch(Listing.SUBSCRIBERS, NOON - SECOND, None),
        ]

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(Listing),
                st.integers(min_value=0, max_value=500_000),
                st.one_of(st.none(), st.integers(min_value=0, max_value=20_000)),
            )
        )
    )
    def test_each_record_is_looked_for_once_and_where_it_is(
        self, wanted: list[tuple[Listing, int, int | None]]
    ) -> None:
        letters = []
        for number, (listing, start, length) in enumerate(wanted):
            begin = NOON + start * SECOND
            end = None if length is None else begin + length * SECOND
            letters.append(a_letter(Trace(Direction.PUSH, Stretch(listing, begin, end)), record_id=str(number)))

        walks = join_stretches(letters)

        found = [letter.record_id for _, letters in walks for letter in letters]
        assert sorted(found) == sorted(letter.record_id for letter in letters)
        for walk, inside in walks:
            for letter in inside:
                own = letter.trace.stretch
                assert own is not None
                assert (own.listing, own.start >= walk.start) == (walk.listing, True)
                assert walk.end is None or (own.end is not None and own.end <= walk.end)

    def test_i4_opt_outs_and_what_may_be_one_come_first(self) -> None:
        opt_out = a_letter(Trace(Direction.PUSH, is_opt_out=True))
        unknown, data = a_letter(outcome=UNREADABLE), a_letter()

        assert first_opt_outs([data, unknown, opt_out]) == ([unknown, opt_out], [data])
