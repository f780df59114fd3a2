"""Walks over pages that shift or never end."""

from datetime import UTC, datetime, timedelta

import pytest

from anmc.clients.walks import MAX_STALE_PAGES, Walk
from anmc.errors import ServiceUnavailable

EARLY = datetime(2026, 3, 1, tzinfo=UTC)
LATE = EARLY + timedelta(minutes=1)


def test_a_record_that_shifts_to_the_next_page_comes_once() -> None:
    walk = Walk[str]("A service", max_pages=10)

    pages = [walk.fresh([("a", EARLY, "a"), ("b", EARLY, "b")]), walk.fresh([("b", EARLY, "b"), ("c", None, "c")])]

    assert pages == [("a", "b"), ("c",)]


def test_a_newer_version_of_a_record_passes_and_an_older_one_does_not() -> None:
    walk = Walk[str]("A service", max_pages=10)

    pages = [walk.fresh([("a", EARLY, "old")]), walk.fresh([("a", LATE, "new")]), walk.fresh([("a", EARLY, "old")])]

    assert pages == [("old",), ("new",), ()]


def test_pages_that_go_round_in_circles_end_the_walk() -> None:
    walk = Walk[str]("A service", max_pages=1000)
    walk.fresh([("a", EARLY, "a")])
    for _ in range(MAX_STALE_PAGES - 1):
        assert walk.fresh([("a", EARLY, "a")]) == ()

    with pytest.raises(ServiceUnavailable, match="does not come to an end"):
        walk.fresh([("a", EARLY, "a")])


def test_more_pages_than_plausible_end_the_walk() -> None:
    walk = Walk[str]("A service", max_pages=2)
    walk.fresh([("a", None, "a")])
    walk.fresh([("b", None, "b")])

    with pytest.raises(ServiceUnavailable, match="page 3"):
        walk.fresh([("c", None, "c")])


def test_what_a_walk_remembers_is_bounded() -> None:
    walk = Walk[str]("A service", max_pages=10_000)

    for number in range(10_000):
        walk.fresh([(number, None, str(number))])

    assert len(walk._versions._stamps) < 5_000
