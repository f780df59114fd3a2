"""From `ANMC_DATABASE_URL` to an open file, or to a sentence that says what to correct."""

import asyncio
import stat
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.errors import SettingsInvalid
from anmc.store.engine import _async_url, open_engine
from anmc.store.memory import SqlMemory
from anmc.store.store import Store


def modes(directory: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}


def make_file(path: Path, mode: int) -> None:
    path.touch()
    path.chmod(mode)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("hunter2", id="no-url"),
        pytest.param("", id="empty"),
        pytest.param("postgresql://user:hunter2@host:port/db", id="port-is-no-number"),
        pytest.param("mysql://user:hunter2@host/db", id="another-database"),
        pytest.param("postgresql+psycopg2://user:hunter2@host/db", id="a-driver-that-blocks"),
        pytest.param("sqlite://", id="in-memory"),
        pytest.param("sqlite:///:memory:", id="in-memory-by-name"),
        pytest.param("sqlite:///file:hunter2?mode=memory&uri=true", id="in-memory-by-uri"),
        pytest.param("sqlite://hunter2/anmc.db", id="one-slash-too-few"),
        pytest.param("sqlite:///hunter2.db?cache=shared", id="options"),
        pytest.param("sqlite:////no/such/directory/hunter2.db", id="no-directory"),
        pytest.param("sqlite:////", id="a-directory"),
    ],
)
async def test_a_url_of_no_use_is_named_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="ANMC_DATABASE_URL") as refusal:
        await Store.open(url)

    assert refusal.value.remedy
    assert "hunter2" not in refusal.value.sentence
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///./anmc.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////data/anmc.db", "sqlite+aiosqlite"),
        ("postgresql://user:hunter2@host/db", "postgresql+asyncpg"),
    ],
)
def test_a_url_gets_a_driver_that_does_not_block(url: str, driver: str) -> None:
    assert _async_url(url).render_as_string(hide_password=False) == url.replace(url.partition(":")[0], driver)


async def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)

    with pytest.raises(SettingsInvalid, match="driver asyncpg is not installed"):
        await open_engine("postgresql://user:hunter2@host/db")


async def test_a_relative_path_begins_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    store = await Store.open("sqlite:///./anmc.db")
    await store.close()

    assert await asyncio.to_thread((tmp_path / "anmc.db").exists)


async def test_only_the_owner_may_read_the_files(memory: SqlMemory, store_file: Path) -> None:
    await memory.count_people()

    assert modes(store_file.parent) == dict.fromkeys(["anmc.db", "anmc.db-wal", "anmc.db-shm"], 0o600)


async def test_a_file_that_others_may_read_is_closed_to_them(store_url: str, store_file: Path) -> None:
    make_file(store_file, 0o644)

    store = await Store.open(store_url)
    await store.close()

    assert modes(store_file.parent) == {"anmc.db": 0o600}


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("secure_delete", 1),
        ("foreign_keys", 1),
        ("temp_store", 2),  # memory
        ("busy_timeout", 5000),
    ],
)
async def test_every_connection_is_set_up(store: Store, pragma: str, value: str | int) -> None:
    async def read(connection: AsyncConnection) -> object:
        return (await connection.execute(text(f"PRAGMA {pragma}"))).scalar_one()

    readings = await asyncio.gather(*(store._transactions.read(read) for _ in range(5)))

    assert readings == [value] * 5
