"""The part of OData that `filter` understands (action-network-api.md 5)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from anmc_simulators.action_network.person import Field, Person

_CLAUSE: Final = re.compile(
    r"(?P<field>[a-z_]+) (?P<operator>eq|gt|lt) '(?P<value>(?:[^']|'')*)'(?P<rest> and .*)?", re.DOTALL
)
_AND: Final = " and "
_DATES: Final = frozenset({Field.CREATED_DATE, Field.MODIFIED_DATE})
_DATE_FORMS: Final = {10: "%Y-%m-%d", 20: "%Y-%m-%dT%H:%M:%SZ"}
"""By length: `2026-01-31` and `2026-01-31T10:15:42Z`. Fractions and offsets are unverified, so refused."""

MAX_CLAUSES: Final = 2
"""One conjunction has been seen to work; longer ones are not documented (action-network-api.md 5)."""


class UnsupportedFilter(Exception):
    """The service would answer this filter with a 500."""


class Operator(StrEnum):
    """Strict comparisons only; there is no `ge`, `le` or `ne`."""

    EQ = "eq"
    GT = "gt"
    LT = "lt"


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison; `value` is a datetime for the two dates, a string for all other fields."""

    field: Field
    operator: Operator
    value: str | datetime

    def holds(self, person: Person) -> bool:
        """Tell whether one of the person's values of the field satisfies the comparison."""
        return any(self._compare(value) for value in person.values(self.field))

    def _compare(self, value: str | datetime) -> bool:
        # Both sides have the type of the field; `Any` would say the same with less.
        match self.operator:
            case Operator.EQ:
                return value == self.value
            case Operator.GT:
                return value > self.value  # type: ignore[operator]
            case Operator.LT:
                return value < self.value  # type: ignore[operator]
            case _:
                assert_never(self.operator)


Filter = tuple[Clause, ...]
"""Clauses that all have to hold; the empty filter admits everybody."""


def parse(text: str, *, bare_date_offset: timedelta = timedelta()) -> Filter:
    """Read a filter; a bare date begins at midnight of a zone that many hours east of UTC.

    Raises:
        UnsupportedFilter: anything but one or two clauses of the nine fields, the three operators and
            quoted values in which every apostrophe is doubled.
    """
    clauses: list[Clause] = []
    rest: str | None = _AND + text
    while rest is not None:
        found = _CLAUSE.fullmatch(rest.removeprefix(_AND))
        if found is None or len(clauses) == MAX_CLAUSES:
            raise UnsupportedFilter
        value = found["value"].replace("''", "'")
        clauses.append(_clause(found["field"], found["operator"], value, bare_date_offset))
        rest = found["rest"]
    return tuple(clauses)


def _clause(name: str, operator: str, value: str, bare_date_offset: timedelta) -> Clause:
    try:
        field = Field(name)
    except ValueError as error:
        raise UnsupportedFilter from error
    return Clause(field, Operator(operator), _date(value, bare_date_offset) if field in _DATES else value)


def _date(text: str, bare_date_offset: timedelta) -> datetime:
    try:
        date = datetime.strptime(text, _DATE_FORMS[len(text)]).replace(tzinfo=UTC)
        return date if text.endswith("Z") else date - bare_date_offset
    except (KeyError, ValueError, OverflowError) as error:
        raise UnsupportedFilter from error
