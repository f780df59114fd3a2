"""The schema on the disk is the one in the code, and a store of a later version is left alone."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from anmc.errors import SettingsInvalid, StoreUnavailable
from anmc.store.schema import metadata
from anmc.store.store import Store


def run_sql(file: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file, isolation_level=None)
    rows = connection.execute(statement).fetchall()
    connection.close()
    return rows


def indexes(connection: Connection) -> set[str]:
    return {row[0] for row in connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'index'")}


async def test_migrations_end_at_the_schema_of_the_code(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    found = await store._transactions.read(lambda connection: connection.run_sync(differences))

    assert found == []


async def test_migrations_make_the_indexes_of_the_code(store: Store) -> None:
    made_at_once = create_engine("sqlite://")
    with made_at_once.connect() as connection:
        metadata.create_all(connection)
        expected = indexes(connection)
    made_at_once.dispose()

    assert await store._transactions.read(lambda connection: connection.run_sync(indexes)) - {None} == expected - {None}


async def test_opening_again_changes_nothing(store_url: str, store_file: Path) -> None:
    schema = "SELECT name, sql FROM sqlite_master ORDER BY name"
    await (await Store.open(store_url)).close()
    before = await asyncio.to_thread(run_sql, store_file, schema)

    await (await Store.open(store_url)).close()

    assert await asyncio.to_thread(run_sql, store_file, schema) == before


async def test_a_store_of_a_newer_version_is_refused_and_left_alone(store_url: str, store_file: Path) -> None:
    await (await Store.open(store_url)).close()
    await asyncio.to_thread(run_sql, store_file, "UPDATE alembic_version SET version_num = '9999'")
    before = await asyncio.to_thread(store_file.read_bytes)

    with pytest.raises(SettingsInvalid, match="ANMC_DATABASE_URL: the store was written by a newer version") as refusal:
        await Store.open(store_url)

    assert str(store_file) not in refusal.value.sentence
    assert await asyncio.to_thread(store_file.read_bytes) == before


async def test_a_migration_that_fails_leaves_the_former_schema(store_url: str, store_file: Path) -> None:
    await asyncio.to_thread(run_sql, store_file, "CREATE TABLE position (somebody TEXT)")

    with pytest.raises(StoreUnavailable):
        await Store.open(store_url)

    assert await asyncio.to_thread(run_sql, store_file, "SELECT name FROM sqlite_master") == [("position",)]
