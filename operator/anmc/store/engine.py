"""The way from `ANMC_DATABASE_URL` to an engine."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from anmc.errors import SettingsInvalid

DATABASE_URL: Final = "ANMC_DATABASE_URL"

WRITES: Final[Mapping[str, str]] = {"sqlite_begin": "BEGIN IMMEDIATE"}
"""Execution options of a transaction that will write: SQLite's lock is taken, or waited for, at its start. A
transaction that reads first and writes later can fail on a lock without any waiting."""

BUSY_TIMEOUT: Final = timedelta(seconds=5)
"""How long one statement waits for another process's lock. A backup takes none, so a longer wait means that a
second operator or a person at a prompt holds it."""

_CONNECTIONS: Final = 5
"""Each is a thread of its own. Writes take turns anyway; reads of a page take milliseconds."""

_DRIVERS: Final[Mapping[str, str]] = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

_EXAMPLES: Final = "Write sqlite:///<path of a file> or postgresql://<user>:<password>@<host>/<database>."

_PRAGMAS: Final = (
    "journal_mode = WAL",  # readers and the writer do not wait for one another
    "synchronous = FULL",  # an intent that was stored survives a power cut: else somebody is texted twice
    "secure_delete = ON",  # what is forgotten is overwritten
    "foreign_keys = ON",
    "temp_store = MEMORY",  # nothing of the store in /tmp
)
"""Settings of every SQLite connection (operations.md 13)."""


async def open_engine(url: str) -> AsyncEngine:
    """Return an engine for the URL; for SQLite the file is there afterwards, readable by its owner alone.

    Raises:
        SettingsInvalid: the URL cannot be used. Its text is in no message: it may hold a password.
    """
    parsed = _async_url(url)
    if parsed.get_backend_name() == "sqlite":
        return await _open_sqlite(parsed)
    try:
        return create_async_engine(parsed, pool_size=_CONNECTIONS, hide_parameters=True)
    except ImportError as error:
        raise SettingsInvalid(
            f"{DATABASE_URL}: the driver {error.name} is not installed", remedy=f"Install {error.name}, or use SQLite."
        ) from None


def _async_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsInvalid(f"{DATABASE_URL} is not a database URL", remedy=_EXAMPLES) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise SettingsInvalid(f"{DATABASE_URL} names neither SQLite nor PostgreSQL", remedy=_EXAMPLES)
    return parsed.set(drivername=driver)


async def _open_sqlite(url: URL) -> AsyncEngine:
    if not url.database or url.database.startswith((":memory:", "file:")):
        # An operator that forgets at its end whom it texted would text them again.
        raise SettingsInvalid(f"{DATABASE_URL} names no file", remedy="Write sqlite:///<path of a file>.")
    if url.host or url.query:
        raise SettingsInvalid(f"{DATABASE_URL} has parts that SQLite does not know", remedy=_EXAMPLES)
    try:
        await asyncio.to_thread(_prepare_file, Path(url.database))
    except OSError as error:
        raise SettingsInvalid(
            f"{DATABASE_URL}: the file cannot be opened: {error.strerror}",
            remedy="Check that its directory exists and that this user may write there.",
        ) from None
    engine = create_async_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"isolation_level": None},  # transactions begin below, not behind our back
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare_file(path: Path) -> None:
    """Create the file or tighten its mode; SQLite gives its log files the mode of the database."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(FileNotFoundError):
            file = path.with_name(name)
            if file.stat().st_mode & 0o177:
                file.chmod(0o600)


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # First of all: even switching to WAL may have to wait for a lock.
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT // timedelta(milliseconds=1)}")
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
