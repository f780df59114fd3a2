"""Errors of the database, said in our words: no value, no statement, no URL."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from anmc.errors import StoreUnavailable


class _Trouble(NamedTuple):
    message: str
    remedy: str


_LOCKED = _Trouble(
    "The store is locked by another program",
    "End whatever else has it open; exactly one operator may use it.",
)
_DAMAGED = _Trouble(
    "The file of the store is damaged, or no store",
    "Restore a backup; without one, move the file away: an empty store is filled again from both services.",
)
_FULL = _Trouble("The volume of the store is full", "Enlarge the volume, or make room on it.")
_CLOSED = _Trouble(
    "The store cannot be opened or written", "Check the volume, its owner and the rights of file and directory."
)
_OTHER = _Trouble("The store cannot be read or written", "Check the database and its volume.")

_TROUBLES: Final[Mapping[int, _Trouble]] = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_READONLY: _CLOSED,
}
"""By SQLite's primary result code: https://www.sqlite.org/rescode.html."""


def is_locked(error: BaseException | None) -> bool:
    """Whether SQLite gave up waiting for somebody else's lock: a repetition may succeed."""
    return isinstance(error, DBAPIError) and _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the database into `StoreUnavailable`; defects of our own pass through."""
    try:
        yield
    except DBAPIError as error:
        trouble = _TROUBLES.get(_code(error), _OTHER)
        raise StoreUnavailable(f"{trouble.message} ({_name(error)})", remedy=trouble.remedy) from error
    except (PoolTimeout, OSError) as error:
        raise StoreUnavailable(f"{_OTHER.message} ({type(error).__name__})", remedy=_OTHER.remedy) from error


def _code(error: DBAPIError) -> int:
    return int(getattr(error.orig, "sqlite_errorcode", 0)) & 0xFF  # the low byte is the primary code


def _name(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlite_errorname", type(error.orig).__name__))
