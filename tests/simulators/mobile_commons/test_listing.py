"""Lists and windows against a plain scan, whatever is written, changed, removed in between."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc_simulators.mobile_commons.listing import Listing, Window

START = datetime(2025, 3, 1, 10, 0, 0, tzinfo=UTC)
SEEDED = range(10, 20)

minutes = st.integers(min_value=0, max_value=9)
numbers = st.integers(min_value=0, max_value=30)
windows = st.builds(
    lambda earliest, latest, path: Window.of(
        None if earliest is None else START + timedelta(minutes=earliest),
        None if latest is None else START + timedelta(minutes=latest),
        path=path,
    ),
    st.none() | minutes,
    st.none() | minutes,
    st.sampled_from(["", "path"]),
)
acts = st.tuples(st.just("put"), numbers, minutes, st.sampled_from(["", "path"])) | st.tuples(
    st.just("remove"), numbers, st.just(0), st.just("")
)


@dataclass(slots=True)
class Row:
    number: int
    changed: datetime
    path: str = ""


class Seeded:
    positions = SEEDED

    def at(self, position: int) -> Row:
        return Row(position, START + timedelta(minutes=position % 3))


def listing() -> Listing[Row]:
    rows = Listing[Row](number=lambda row: row.number, time=lambda row: row.changed, path=lambda row: row.path)
    by_time = {(START + timedelta(minutes=rest)).timestamp(): [n for n in SEEDED if n % 3 == rest] for rest in range(3)}
    rows.admit(Seeded(), SEEDED, by_time=by_time)
    return rows


def scanned(rows: dict[int, Row], window: Window) -> list[Row]:
    return [
        row
        for _, row in sorted(rows.items())
        if window.earliest <= row.changed.timestamp() <= window.latest and window.path in {"", row.path}
    ]


@given(st.lists(windows, max_size=10), st.lists(acts, max_size=30), windows)
def test_a_window_finds_what_a_scan_finds(
    early: list[Window], acted: list[tuple[str, int, int, str]], last: Window
) -> None:
    rows = listing()
    model = {number: Seeded().at(number) for number in SEEDED}

    # Asked for beforehand, the windows have to follow the changes.
    for window in early:
        rows.page(window, page=1, limit=3)
    for act, number, minute, path in acted:
        row = Row(number, START + timedelta(minutes=minute), path)
        if act == "put":
            rows.put(row)
            model[number] = row
        elif number in model:
            rows.remove(model.pop(number))

    for window in [*early, last, Window()]:
        pages = [rows.page(window, page=page, limit=3) for page in range(1, 15)]
        assert [row for page in pages for row in page] == scanned(model, window)
    assert list(rows) == scanned(model, Window())
    assert len(rows) == len(model)


def test_a_record_that_changes_in_place_is_found_anew_once_it_is_put() -> None:
    rows = listing()
    row = Row(40, START)
    rows.put(row)
    later = Window.of(START + timedelta(hours=1), None)
    assert rows.page(later, page=1, limit=10) == []

    row.changed = START + timedelta(hours=2)
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
