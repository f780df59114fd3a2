"""The limits that stop a run (sync.md S1, S2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.rules.safety import ALWAYS_ALLOWED, Creations, opts_out_too_many


@pytest.mark.rule("S1")
@pytest.mark.parametrize(
    ("opt_outs", "links", "stops"),
    [
        pytest.param(20, 20, False, id="twenty-never"),
        pytest.param(21, 21, True, id="more-than-twenty-and-all"),
        pytest.param(21, 105, False, id="exactly-the-share"),
        pytest.param(22, 105, True, id="more-than-the-share"),
        pytest.param(21, 0, True, id="nobody-was-linked"),
        pytest.param(0, 0, False, id="nothing"),
    ],
)
def test_too_many_opt_outs_are_more_than_twenty_and_more_than_the_share(
    opt_outs: int, links: int, *, stops: bool
) -> None:
    assert opts_out_too_many(opt_outs, links=links, max_percent=20) is stops


@pytest.mark.rule("S1")
@given(opt_outs=st.integers(0, 10**6), links=st.integers(0, 10**6), percent=st.integers(0, 100))
def test_fewer_opt_outs_never_stop_what_more_would_not(opt_outs: int, links: int, percent: int) -> None:
    if opts_out_too_many(opt_outs, links=links, max_percent=percent):
        assert opt_outs > ALWAYS_ALLOWED
        assert opts_out_too_many(opt_outs + 1, links=links, max_percent=percent)
        assert links * percent < opt_outs * 100


@pytest.mark.rule("S2")
@given(limit=st.none() | st.integers(1, 50), before=st.integers(0, 60), wanted=st.integers(0, 80))
def test_a_run_makes_no_more_than_it_may(limit: int | None, before: int, wanted: int) -> None:
    creations = Creations(limit)
    creations.made = before

    made = sum(creations.claim() for _ in range(wanted))

    room = wanted if limit is None else max(0, limit - before)
    assert made == min(wanted, room)
    assert creations.refused == wanted - made
