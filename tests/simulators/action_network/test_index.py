"""What filters find, against a scan of everybody's history."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from anmc_simulators.action_network.filters import Clause, Filter, Operator
from anmc_simulators.action_network.index import Index
from anmc_simulators.action_network.person import Field, Person
from anmc_simulators.action_network.switches import ActionNetworkSwitches, Order
from anmc_simulators.action_network.switches import lags as lags_of
from anmc_simulators.clock import Clock

START = datetime(2026, 1, 31, 9, 0, 0, tzinfo=UTC)
TRAILING, IMMEDIATE = lags_of(ActionNetworkSwitches()), dict.fromkeys(Field, timedelta())
SEEDED = range(2, 5)
MOST = 6
NAMES = ["Ana", "Ben", "Cleo"]

seconds = st.integers(min_value=0, max_value=12)
dates = st.builds(
    lambda field, operator, second: Clause(field, operator, START + timedelta(seconds=second)),
    st.sampled_from([Field.CREATED_DATE, Field.MODIFIED_DATE]),
    st.sampled_from(Operator),
    seconds,
)
texts = st.builds(Clause, st.just(Field.GIVEN_NAME), st.sampled_from(Operator), st.sampled_from(NAMES))
exact = st.builds(
    lambda field, position, before: Clause(field, Operator.EQ, before + value_of(field, position)),
    st.sampled_from([Field.EMAIL_ADDRESS, Field.PHONE_NUMBER, Field.IDENTIFIER]),
    st.integers(min_value=0, max_value=MOST),
    st.sampled_from(["", "new-"]),
)
filters = st.lists(dates | texts | exact, min_size=1, max_size=2).map(tuple)
puts = st.tuples(st.just("put"), st.integers(min_value=0, max_value=MOST), st.sampled_from(NAMES), st.booleans())
removals = st.tuples(st.just("remove"), st.integers(min_value=0, max_value=MOST), st.just(""), st.just(False))  # noqa: FBT003  a value
waits = st.tuples(st.just("wait"), st.integers(min_value=1, max_value=4), st.just(""), st.just(False))  # noqa: FBT003  the same


def value_of(field: Field, position: int) -> str:
    values = {
        Field.EMAIL_ADDRESS: f"p{position}@example.org",
        Field.PHONE_NUMBER: f"131255501{position:02d}",
        Field.IDENTIFIER: f"action_network:id-{position}",
    }
    return values[field]


def a_person(position: int, *, name: str = "Ana", changed: datetime = START, moved: bool = False) -> Person:
    """`moved`: reached under another address than before."""
    email = value_of(Field.EMAIL_ADDRESS, position)
    return Person(
        f"id-{position}",
        position,
        START + timedelta(seconds=position % 3),
        changed,
        given_name=name,
        email=f"new-{email}" if moved else email,
        phone=value_of(Field.PHONE_NUMBER, position),
    )


class Seeded:
    positions = SEEDED

    def at(self, position: int) -> Person:
        person = a_person(position)
        return replace(person, modified=person.created)

    def position_of(self, field: Field, value: str) -> int | None:
        return next((position for position in SEEDED if value in self.at(position).values(field)), None)


class History:
    """Everybody's versions, each with the moment it was written; None stands for nobody."""

    def __init__(self, clock: Callable[[], datetime], lags: Mapping[Field, timedelta]) -> None:
        self._clock = clock
        self._lags = lags
        long_ago = START - timedelta(days=1)
        self._versions: dict[int, list[tuple[datetime, Person | None]]] = {
            position: [(long_ago, Seeded().at(position))] for position in SEEDED
        }

    def put(self, person: Person) -> None:
        self._versions.setdefault(person.position, []).append((self._clock(), person))

    def remove(self, position: int) -> None:
        self._versions.pop(position, None)

    def now(self, position: int) -> Person | None:
        return self._versions[position][-1][1] if position in self._versions else None

    def found(self, wanted: Filter) -> list[int]:
        return [position for position in sorted(self._versions) if self._holds(position, wanted)]

    def _holds(self, position: int, wanted: Filter) -> bool:
        seen = [self._seen(position, clause.field) for clause in wanted]
        return all(person and clause.holds(person) for person, clause in zip(seen, wanted, strict=True))

    def _seen(self, position: int, field: Field) -> Person | None:
        old = [person for time, person in self._versions[position] if time + self._lags[field] <= self._clock()]
        return old[-1] if old else None


@settings(deadline=None)
@given(
    st.sampled_from([TRAILING, IMMEDIATE]),
    st.lists(filters, max_size=10),
    st.lists(puts | removals | waits, max_size=25),
    filters,
)
def test_a_filter_finds_what_a_scan_of_the_past_finds(
    lags: Mapping[Field, timedelta], early: list[Filter], acted: list[tuple[str, int, str, bool]], last: Filter
) -> None:
    clock = Clock(lambda: START)
    index, history = Index(clock=clock, lags=lags), History(clock.instant, lags)
    by_date = {(START + timedelta(seconds=rest)).timestamp(): [n for n in SEEDED if n % 3 == rest] for rest in range(3)}
    index.admit(Seeded(), SEEDED, by_date=by_date)

    def found(wanted: Filter, order: Order = Order.INSERTION) -> list[int]:
        pages = [index.page(wanted, page=page, size=3, order=order) for page in range(1, 5)]
        return [person.position for page in pages for person in page]

    def modified(position: int) -> tuple[datetime, int]:
        person = history.now(position)
        assert person is not None
        return person.modified, position

    # Asked for beforehand, the answers have to follow the changes.
    for wanted in early:
        assert found(wanted) == history.found(wanted)
    for act, number, name, moved in acted:
        if act == "put":
            person = a_person(number, name=name, changed=clock.now(), moved=moved)
            index.put(person)
            history.put(person)
        elif act == "wait":
            clock.advance(timedelta(seconds=number))
        elif standing := history.now(number):
            index.remove(standing)
            history.remove(number)

    for wanted in [*early, last]:
        assert found(wanted) == history.found(wanted)
        assert found(wanted, Order.BY_MODIFIED_DATE) == sorted(history.found(wanted), key=modified)
        shuffled = index.page(wanted, page=1, size=MOST + 1, order=Order.SHUFFLED)
        assert sorted(person.position for person in shuffled) == history.found(wanted)
        assert index.count(wanted) == len(history.found(wanted))
    assert {person.position for person in index} == set(found(()))
    for position in range(MOST + 1):
        holder = index.holder(Field.PHONE_NUMBER, value_of(Field.PHONE_NUMBER, position))
        assert holder == history.now(position) == index.at(position)
