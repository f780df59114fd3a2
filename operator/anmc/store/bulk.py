"""Statements for many records at once."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Insert, Row, Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Value = TypeVar("Value")

CHUNK: Final = 1000
"""Values in one `IN` list: the largest page of either service. SQLite allows 32 766 variables in a statement
(since 3.32) and PostgreSQL 32 767."""


def chunks(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Cut values into lists that fit into one statement."""
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def by_key(
    statement: Select[*tuple[Any, ...]], scope: ColumnElement[int], key: ColumnElement[Any]
) -> Select[*tuple[Any, ...]]:
    """Narrow a statement to one scope and many keys, for `select_in`; done once, it need not be built each time."""
    return statement.where(scope == bindparam("scope"), key.in_(bindparam("keys", expanding=True)))


async def select_in(
    connection: AsyncConnection, statement: Select[*tuple[Any, ...]], scope: int, keys: Iterable[object]
) -> list[Row[*tuple[Any, ...]]]:
    """Return the rows of a statement made by `by_key`, in no order."""
    rows: list[Row[*tuple[Any, ...]]] = []
    for chunk in chunks(keys):
        rows.extend(await connection.execute(statement, {"scope": scope, "keys": chunk}))
    return rows


async def upsert(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    """Insert rows; one whose primary key is there replaces the other columns."""
    if rows:
        await connection.execute(_upsert(table, connection.dialect.name), rows)


async def insert_missing(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    """Insert rows that violate no unique constraint; leave the others as they are."""
    await connection.execute(_insert(table, connection.dialect.name).on_conflict_do_nothing(), rows)


@cache
def _upsert(table: Table, dialect: str) -> Insert:
    statement = _insert(table, dialect)
    keys = [column.name for column in table.primary_key]
    others = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def _insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
