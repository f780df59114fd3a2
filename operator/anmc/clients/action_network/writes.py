"""Which people this client has written lately, so that nothing read before passes for what they are now."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from anmc.rules.records import PersonId

_REMEMBERED: Final = 4096
"""People whose last write is remembered: far more than are written while a page read ahead waits for its turn.

A page that waited through more writes than that counts as stale; it is read once more.
"""


class RecentWrites:
    """Counts the writes of a client; knows the last one of each person.

    A pull reads pages ahead while a push runs between two of them, and writes to people on the pages that wait.
    """

    def __init__(self) -> None:
        self.count = 0
        """Writes that have ended so far."""
        self._last: OrderedDict[PersonId, int] = OrderedDict()
        self._forgotten = 0

    def ended(self, person_id: PersonId) -> None:
        """Note that a write has ended, whatever came of it."""
        self.count += 1
        self._last[person_id] = self.count
        self._last.move_to_end(person_id)
        if len(self._last) > _REMEMBERED:
            _, self._forgotten = self._last.popitem(last=False)

    def any_since(self, count: int, people: Iterable[PersonId]) -> bool:
        """Say whether one of these people was written after so many writes."""
        return self._forgotten > count or any(self._last.get(person_id, 0) > count for person_id in people)
