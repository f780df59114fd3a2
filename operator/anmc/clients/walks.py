"""Keeping a walk over pages finite, and free of the repeats that shifting pages bring."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from anmc.errors import ServiceUnavailable

R = TypeVar("R")

_REMEMBERED: Final = 4096
"""Records a walk remembers.

A shift moves records over a page boundary or two; remembering all of a long walk would make memory grow with it.
"""

MAX_STALE_PAGES: Final = 3
"""Pages in a row without anything new before a walk gives up.

One page may repeat the one before it when many records arrive at once; a service that has lost count repeats
for ever.
"""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Versions:
    """Which records were seen lately, and in which version."""

    def __init__(self) -> None:
        self._stamps: OrderedDict[Hashable, datetime] = OrderedDict()

    def is_new(self, key: Hashable, stamp: datetime | None) -> bool:
        """Say whether a record was not seen yet, or not in a version as new as this; note it."""
        known, newest = self._stamps.get(key), stamp or _LONG_AGO
        self._stamps[key] = max(newest, known or _LONG_AGO)
        self._stamps.move_to_end(key)
        if len(self._stamps) > _REMEMBERED:
            self._stamps.popitem(last=False)
        return known is None or newest > known


class Walk(Generic[R]):
    """What one walk has seen lately (action-network-api.md 4.2, mobile-commons-api.md 4)."""

    def __init__(self, title: str, *, max_pages: int) -> None:
        self._title = title
        self._max_pages = max_pages
        self._versions = Versions()
        self._stale_pages = 0
        self._pages = 0

    def fresh(
        self, records: Iterable[tuple[Hashable, datetime | None, R]], *, unreadable: Iterable[str | None] = ()
    ) -> tuple[R, ...]:
        """Return the records of the next page without repeats; each comes as key, change stamp, record.

        A repeat with a newer stamp is a newer version and passes. `unreadable` are the ids, if any, of what else
        the page holds: without an id it may be the same as before.

        Raises:
            ServiceUnavailable: the pages go round in circles, or there are more than plausible.
        """
        page, others = list(records), list(unreadable)
        fresh = tuple(record for key, stamp, record in page if self._versions.is_new(key, stamp))
        new = [name for name in others if name is not None and self._versions.is_new(("unreadable", name), None)]
        self._stale_pages = 0 if fresh or new or not (page or others) else self._stale_pages + 1
        self._pages += 1
        if self._stale_pages >= MAX_STALE_PAGES or self._pages > self._max_pages:
            raise ServiceUnavailable(f"{self._title} does not come to an end of its pages (page {self._pages})")
        return fresh
