"""Positions by a time of theirs, so that a window is found without a look at what lies outside."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence


class Timeline:
    """Each position once, at a time in seconds since the epoch; iterated by time, then by position."""

    def __init__(self) -> None:
        # In step, ascending by time, then by position: two columns take a tenth of a list of pairs.
        self._times = array("d")
        self._positions = array("q")

    def __iter__(self) -> Iterator[int]:
        return iter(self._positions)

    def add(self, position: int, time: float) -> None:
        """Put a position at a time."""
        at = self._place(position, time)
        self._times.insert(at, time)
        self._positions.insert(at, position)

    def discard(self, position: int, time: float) -> None:
        """Take out a position that stands at this time."""
        at = self._place(position, time)
        del self._times[at]
        del self._positions[at]

    def extend(self, later: Mapping[float, Iterable[int]]) -> None:
        """Put many positions, ascending for each time, all of them higher than those that are there."""
        for time in sorted(later):
            at = bisect_right(self._times, time)
            positions = array("q", later[time])
            self._positions[at:at] = positions
            self._times[at:at] = array("d", [time]) * len(positions)

    def between(self, earliest: float, latest: float) -> Sequence[int]:
        """Return the positions of a window with both its ends, in no useful order."""
        return self._positions[bisect_left(self._times, earliest) : bisect_right(self._times, latest)]

    def _place(self, position: int, time: float) -> int:
        first, behind = bisect_left(self._times, time), bisect_right(self._times, time)
        return bisect_left(self._positions, position, first, behind)
