"""A page as a service served it, before a walk takes out what it has brought already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

R = TypeVar("R", covariant=True)  # noqa: PLC0105  # Served[Person] reads better than Served[Person_co]


@dataclass(frozen=True, slots=True)
class Served(Generic[R]):
    """One page, or a part of one.

    `unreadable` are the places on it, from 0, of records that cannot be parsed, with the ids of those that show
    one. `is_end` says that nothing comes after the page. `read_at` as in `Page`. `asked_at` is what the client's
    count of writes showed when the page was asked for.
    """

    records: tuple[R, ...]
    read_at: datetime
    is_end: bool
    unreadable: Mapping[int, str | None] = field(default_factory=dict)
    asked_at: int = 0

    @property
    def size(self) -> int:
        """Return how many records the page holds, readable or not."""
        return len(self.records) + len(self.unreadable)
