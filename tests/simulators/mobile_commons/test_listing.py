"""Lists and windows against a plain scan, whatever is written, changed, removed in between."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc_simulators.mobile_commons.listing import CHANGED, Listing, Order, Window

START = datetime(2025, 3, 1, 10, 0, 0, tzinfo=UTC)
SEEDED = range(10, 20)
BEGUN = "begun"


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@dataclass(slots=True)
class Row:
    number: int
    changed: datetime
    begun: datetime | None = None
    path: str = ""

    def date(self, name: str) -> datetime | None:
        return self.changed if name == CHANGED else self.begun


class Seeded:
    positions = SEEDED

    def at(self, position: int) -> Row:
        return Row(position, at(position % 3), at(position % 2))

    def by_date(self, name: str) -> Mapping[float, list[int]]:
        times: dict[float, list[int]] = {}
        for position in SEEDED:
            date = self.at(position).date(name)
            assert date is not None
            times.setdefault(date.timestamp(), []).append(position)
        return times


minutes = st.integers(min_value=0, max_value=9)
numbers = st.integers(min_value=0, max_value=30)
paths = st.sampled_from(["", "path"])
bounds = st.none() | minutes.map(lambda minute: at(minute).timestamp())
windows = st.builds(
    lambda earliest, latest, date, path: Window(
        **{name: bound for name, bound in (("earliest", earliest), ("latest", latest)) if bound is not None},
        date=date,
        path=path,
    ),
    bounds,
    bounds,
    st.sampled_from([CHANGED, BEGUN]),
    paths,
)
rows_put = st.builds(Row, numbers, minutes.map(at), st.none() | minutes.map(at), paths)
acts = rows_put | numbers
"""What is put, or the number that is removed."""


def listing() -> Listing[Row]:
    rows = Listing[Row](
        number=lambda row: row.number,
        dates={CHANGED: lambda row: row.changed, BEGUN: lambda row: row.begun},
        path=lambda row: row.path,
    )
    rows.admit(Seeded(), SEEDED, by_date={name: Seeded().by_date(name) for name in (CHANGED, BEGUN)})
    return rows


def scanned(rows: dict[int, Row], window: Window) -> list[Row]:
    def is_inside(row: Row) -> bool:
        date = row.date(window.date)
        return window.is_open or (date is not None and window.earliest <= date.timestamp() <= window.latest)

    return [row for _, row in sorted(rows.items()) if is_inside(row) and window.path in {"", row.path}]


def walked(rows: Listing[Row], window: Window, order: Order = Order.OLDEST_FIRST) -> list[Row]:
    return [row for page in range(1, 15) for row in rows.page(window, page=page, limit=3, order=order)]


@settings(deadline=None)
@given(st.lists(windows, max_size=10), st.lists(acts, max_size=30), windows)
def test_a_window_finds_what_a_scan_finds_in_any_order(
    early: list[Window], acted: list[Row | int], last: Window
) -> None:
    rows = listing()
    model = {number: Seeded().at(number) for number in SEEDED}

    # Asked for beforehand, the windows have to follow the changes.
    for window in early:
        rows.page(window, page=1, limit=3)
    for act in acted:
        if isinstance(act, Row):
            rows.put(act)
            model[act.number] = act
        else:
            rows.remove(act)
            model.pop(act, None)

    for window in [*early, last, Window()]:
        expected = scanned(model, window)
        by_change = sorted(expected, key=lambda row: (row.changed, row.number))
        assert walked(rows, window) == expected
        assert walked(rows, window, Order.NEWEST_FIRST) == expected[::-1]
        assert walked(rows, replace(window, date=CHANGED), Order.OLDEST_CHANGE_FIRST) == sorted(
            scanned(model, replace(window, date=CHANGED)), key=lambda row: (row.changed, row.number)
        )
        assert walked(rows, window, Order.NEWEST_CHANGE_FIRST) == by_change[::-1]
        shuffled = rows.page(window, page=1, limit=100, order=Order.SHUFFLED)
        assert sorted(shuffled, key=lambda row: row.number) == expected
    assert list(rows) == scanned(model, Window())
    assert len(rows) == len(model)


def test_a_record_that_changes_in_place_is_found_anew_once_it_is_put() -> None:
    rows = listing()
    row = Row(40, START)
    rows.put(row)
    later = Window(at(60).timestamp())
    assert rows.page(later, page=1, limit=10) == []

    row.changed = at(120)
    rows.put(row)

    assert rows.page(later, page=1, limit=10) == [row]


def test_a_seeded_record_keeps_a_change_from_the_moment_it_is_put() -> None:
    rows = listing()
    rows.at(12).path = "lost"
    changed = replace(rows.at(12), path="path")

    rows.put(changed)

    assert rows.at(12) is changed
    assert [row.number for row in rows.page(Window(path="path"), page=1, limit=10)] == [12]


@pytest.mark.parametrize("number", [5, 25])
def test_a_number_without_a_record_is_no_place_of_a_seed(number: int) -> None:
    rows = listing()

    assert not rows.is_seeded(number)
    assert rows.is_seeded(12)
