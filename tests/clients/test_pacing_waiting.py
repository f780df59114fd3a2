"""Who goes next (sync.md W7, decision 0005)."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.clients.pacing.waiting import PASSES, WaitingLine
from anmc.sync.ports import Priority

OPT_OUT, OPT_IN, DATA, FULL_READ = Priority

Call = tuple[str, Priority, int]


def a_line(*calls: Call) -> WaitingLine[Call]:
    line = WaitingLine[Call]()
    for call in calls:
        put(line, call)
    return line


def put(line: WaitingLine[Call], call: Call) -> None:
    line.put(call, lane=call[0], priority=call[1])


def served(line: WaitingLine[Call]) -> list[Call]:
    return [line.take() for _ in range(len(line))]


calls = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(Priority)), max_size=60).map(
    lambda drawn: [(lane, priority, number) for number, (lane, priority) in enumerate(drawn)]
)


def test_opt_outs_go_before_opt_ins_before_data_before_full_reads() -> None:
    line = a_line(*(("a", priority, 0) for priority in (FULL_READ, DATA, OPT_IN, OPT_OUT)))

    assert [priority for _, priority, _ in served(line)] == [OPT_OUT, OPT_IN, DATA, FULL_READ]


def test_one_client_is_served_in_the_order_of_asking() -> None:
    line = a_line(*(("a", DATA, number) for number in range(5)))

    assert [number for *_, number in served(line)] == [0, 1, 2, 3, 4]


def test_clients_take_turns() -> None:
    line = a_line(*(("a", DATA, number) for number in range(4)), ("b", DATA, 4), ("b", DATA, 5), ("c", DATA, 6))

    assert "".join(lane for lane, *_ in served(line)) == "abcabaa"


@settings(deadline=None)
@given(calls=calls)
def test_everybody_who_waits_is_served_once(calls: list[Call]) -> None:
    assert Counter(served(a_line(*calls))) == Counter(calls)


@settings(deadline=None)
@given(calls=calls, late=st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abc")), max_size=10))
def test_nothing_ever_goes_before_a_waiting_opt_out(calls: list[Call], late: list[tuple[int, str]]) -> None:
    line, taken = a_line(*calls), 0
    while line:
        for number, (turn, lane) in enumerate(late):
            if turn == taken:
                put(line, (lane, OPT_OUT, 1000 + number))
        waiting = any(priority is OPT_OUT for _, priority, _ in served(copy_of(line)))
        _, priority, _ = line.take()
        taken += 1
        assert priority is OPT_OUT or not waiting


def copy_of(line: WaitingLine[Call]) -> WaitingLine[Call]:
    return a_line(*(call for rank in line._ranks.values() for queue in rank.lanes.values() for call in queue))


@settings(deadline=None)
@given(
    lower=st.sampled_from([DATA, FULL_READ]),
    arrivals=st.lists(st.sampled_from([OPT_IN, DATA, FULL_READ]), min_size=40, max_size=80),
)
def test_a_priority_that_waits_gets_at_least_every_ninth_turn(lower: Priority, arrivals: list[Priority]) -> None:
    """Higher priorities never run dry here: without the turn that is owed, the lower one would never go."""
    line = a_line(*(("a", lower, number) for number in range(100)))
    turns = []
    for number, arrival in enumerate(arrivals):
        put(line, ("b", OPT_IN, 1000 + number))
        put(line, ("c", arrival, 2000 + number))
        turns.append(line.take()[1])

    at = [-1, *(number for number, priority in enumerate(turns) if priority is lower)]
    assert len(at) > len(arrivals) // (PASSES + 2)
    assert all(following - before <= PASSES + 2 for before, following in pairwise(at))


def test_turns_of_opt_outs_earn_nobody_a_turn() -> None:
    line = a_line(("a", DATA, 0), *(("a", OPT_OUT, number) for number in range(PASSES + 1)))
    for _ in range(PASSES + 1):
        line.take()
    put(line, ("a", OPT_IN, 0))

    assert [priority for _, priority, _ in served(line)] == [OPT_IN, DATA]


@settings(deadline=None)
@given(crowd=st.integers(2, 100), asked=st.integers(1, 20))
def test_a_client_that_asks_one_by_one_gets_every_second_turn_beside_a_crowd(crowd: int, asked: int) -> None:
    line = a_line(*(("crowd", DATA, number) for number in range(crowd + asked)))
    order = []
    for number in range(asked):
        put(line, ("single", DATA, number))
        order += [line.take()[0], line.take()[0]]

    assert Counter(order) == {"crowd": asked, "single": asked}


@settings(deadline=None)
@given(calls=calls, leaving=st.sets(st.integers(0, 59)))
def test_who_leaves_is_not_served_and_the_others_are(calls: list[Call], leaving: set[int]) -> None:
    line = a_line(*calls)

    for call in calls:
        if call[2] in leaving:
            line.discard(call, lane=call[0], priority=call[1])
            line.discard(call, lane=call[0], priority=call[1])

    stayed = [call for call in calls if call[2] not in leaving]
    assert len(line) == len(stayed)
    assert bool(line) == bool(stayed)
    assert Counter(served(line)) == Counter(stayed)


def test_leaving_does_not_keep_a_turn_that_was_owed() -> None:
    line = a_line(("a", DATA, 0), *(("b", OPT_IN, number) for number in range(PASSES + 2)))
    for _ in range(PASSES):
        line.take()
    line.discard(("a", DATA, 0), lane="a", priority=DATA)
    put(line, ("a", DATA, 1))

    assert line.take()[1] is OPT_IN


def test_nobody_waits_in_an_empty_line() -> None:
    with pytest.raises(ValueError, match="empty"):
        WaitingLine[Call]().take()
