"""The latest queries with what each finds, so that a walk of 40,000 pages computes its set once."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Final, Generic, TypeVar

from anmc_simulators.positions import Positions

KEPT: Final = 8
"""Queries kept up to date at a time, each with eight bytes for every record that it finds; walks are few."""

Query = TypeVar("Query", bound=Hashable)


class KeptQueries(Generic[Query]):
    """Answers that follow the changes: `find` computes one, `holds` tells whether a position belongs to it now."""

    def __init__(self, *, find: Callable[[Query], Iterable[int]], holds: Callable[[Query, int], bool]) -> None:
        self._find = find
        self._holds = holds
        self._answers: OrderedDict[Query, Positions] = OrderedDict()

    def positions(self, query: Query) -> Positions:
        """Return what a query finds, in ascending order; the answer is kept, the one longest unused is forgotten."""
        if query not in self._answers:
            self._answers[query] = Positions(sorted(self._find(query)))
            if len(self._answers) > KEPT:
                self._answers.popitem(last=False)
        self._answers.move_to_end(query)
        return self._answers[query]

    def refresh(self, position: int) -> None:
        """Let every answer follow a change of what stands at a position."""
        for query, positions in self._answers.items():
            if self._holds(query, position):
                positions.add(position)
            else:
                positions.discard(position)

    def discard(self, position: int) -> None:
        """Let every answer forget a position."""
        for positions in self._answers.values():
            positions.discard(position)

    def clear(self) -> None:
        """Forget every answer."""
        self._answers.clear()
