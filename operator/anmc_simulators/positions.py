"""Ascending whole numbers, of which a list of a million takes eight megabytes."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence


class Positions:
    """Places on a list in ascending order, each once."""

    def __init__(self, ascending: Iterable[int] = ()) -> None:
        self._numbers = array("q", ascending)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __contains__(self, position: int) -> bool:
        at = bisect_left(self._numbers, position)
        return at < len(self._numbers) and self._numbers[at] == position

    def add(self, position: int) -> None:
        """Put a position in; one that is there stays as it is."""
        at = bisect_left(self._numbers, position)
        if at == len(self._numbers) or self._numbers[at] != position:
            self._numbers.insert(at, position)

    def discard(self, position: int) -> None:
        """Take a position out, if it is there."""
        at = bisect_left(self._numbers, position)
        if at < len(self._numbers) and self._numbers[at] == position:
            del self._numbers[at]

    def extend(self, later: Iterable[int]) -> None:
        """Append positions in ascending order, all of them behind those that are there."""
        self._numbers.extend(later)

    def page(self, number: int, *, size: int, highest_first: bool = False) -> Sequence[int]:
        """Return page `number`, from 1; empty beyond the end."""
        if not highest_first:
            return self._numbers[(number - 1) * size : number * size]
        behind = max(0, len(self._numbers) - (number - 1) * size)
        return self._numbers[max(0, behind - size) : behind][::-1]
