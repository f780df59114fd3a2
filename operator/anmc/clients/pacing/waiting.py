"""Who goes next: calls wait by priority, and within one priority clients take turns."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from anmc.sync.ports import Priority

T = TypeVar("T")

PASSES: Final = 7
"""Calls of higher priorities in a row that may pass over a priority in which somebody waits.

The next turn is that priority's, so that none waits for ever: each gets at least every ninth turn (both lower
ones may be owed one at the same time). Turns of opt-outs do not count: nothing ever goes before an opt-out.
"""


@dataclass(slots=True)
class _Rank(Generic[T]):
    """The calls of one priority: a queue for each client, the clients in rotation."""

    lanes: OrderedDict[Hashable, deque[T]] = field(default_factory=OrderedDict)
    passed_over: int = 0

    def put(self, item: T, lane: Hashable) -> None:
        self.lanes.setdefault(lane, deque()).append(item)

    def take(self) -> T:
        lane, queue = next(iter(self.lanes.items()))
        item = queue.popleft()
        if queue:
            self.lanes.move_to_end(lane)
        else:
            del self.lanes[lane]
        self.passed_over = 0
        return item

    def discard(self, item: T, lane: Hashable) -> None:
        queue = self.lanes.get(lane, deque())
        if item in queue:
            queue.remove(item)
            if not queue:
                del self.lanes[lane]
        if not self.lanes:
            self.passed_over = 0


class WaitingLine(Generic[T]):
    """Calls that wait for their turn with one credential; `lane` is the client that makes them.

    Clients take turns, so that one that asks for a whole page at once does not hold up another that asks for a
    single record (decision 0005).
    """

    def __init__(self) -> None:
        self._ranks: dict[Priority, _Rank[T]] = {priority: _Rank() for priority in Priority}

    def __len__(self) -> int:
        return sum(len(queue) for rank in self._ranks.values() for queue in rank.lanes.values())

    def __bool__(self) -> bool:
        return any(rank.lanes for rank in self._ranks.values())

    def put(self, item: T, *, lane: Hashable, priority: Priority) -> None:
        """Let a call wait."""
        self._ranks[priority].put(item, lane)

    def discard(self, item: T, *, lane: Hashable, priority: Priority) -> None:
        """Let a call leave before its turn; one that does not wait here is left alone."""
        self._ranks[priority].discard(item, lane)

    def take(self) -> T:
        """Return the call whose turn it is.

        Raises:
            ValueError: nobody waits.
        """
        waiting = [priority for priority, rank in self._ranks.items() if rank.lanes]
        chosen = self._choose(waiting)
        if chosen is not Priority.OPT_OUT:
            for priority in waiting:
                if priority > chosen:
                    self._ranks[priority].passed_over += 1
        return self._ranks[chosen].take()

    def _choose(self, waiting: list[Priority]) -> Priority:
        highest = min(waiting)
        if highest is Priority.OPT_OUT:
            return highest
        owed = (priority for priority in waiting if self._ranks[priority].passed_over >= PASSES)
        return next(owed, highest)
