"""Column types: how our values look in a database."""

import json
import math
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Dialect, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override

from anmc.errors import StoreUnavailable

Member = TypeVar("Member", bound=StrEnum)


def a_hash() -> LargeBinary:
    """Make the type of a keyed hash: 32 bytes of HMAC-SHA-256 (sync.md N9)."""
    return LargeBinary(32)


class Moment(TypeDecorator[datetime]):
    """An instant in whole seconds since 1970, fractions cut off: the same on both databases, and small."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = BigInteger
    cache_ok: bool | None = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Refuse naive times: they would be read in the zone of the machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return math.floor(value.timestamp())

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return UTC."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


class Word(TypeDecorator[Member]):
    """A member of a closed set, kept as its text."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = String(32)
    cache_ok: bool | None = True

    def __init__(self, words: type[Member]) -> None:
        super().__init__()
        self.words = words

    @override
    def process_bind_param(self, value: Member | None, dialect: Dialect) -> str | None:
        """Refuse text that is not of the set."""
        return None if value is None else str(self.words(value))

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> Member | None:
        """Return the member; a later version may have stored one that this one lacks."""
        try:
            return None if value is None else self.words(value)
        except ValueError:
            raise StoreUnavailable(
                f"The store holds a {self.words.__name__} that this version does not know",
                remedy="Run the version that wrote it, or a newer one.",
            ) from None


class Names(TypeDecorator[tuple[str, ...]]):
    """Field names, as a JSON list: a name may hold any character but is never a person's."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Text
    cache_ok: bool | None = True

    @override
    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Write without blanks, so that equal lists are equal text."""
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Return them in the stored order."""
        return None if value is None else _names(value)


@lru_cache(maxsize=256)
def _names(text: str) -> tuple[str, ...]:
    """Parse a list; the same few come with every row."""
    return tuple(json.loads(text))
