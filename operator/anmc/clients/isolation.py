"""Reading around a record that spoils every answer it is in (sync.md W13)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from anmc.clients.failures import Unserved
from anmc.clients.served import Served

R = TypeVar("R")

ReadPart = Callable[[int, int], Awaitable[Served[R]]]
"""Reads the records from one position, counted from 0, up to another."""

MAX_FAILED_PARTS: Final = 3
"""Parts of a range that may fail before one of them can be read: then it is the service that fails, not a record."""

MAX_ALONE: Final = 10
"""Records that one walk may find to be unreadable by asking for less and less.

Each costs the tries of every size, up to two minutes, and opt-outs wait for the end of the walk. A service that
spoils more of its records than that is out of order.
"""


async def _nothing_else() -> bool:
    return False


class Isolation(Generic[R]):
    """Reads a range that failed as a whole in smaller parts, until the record that spoils it is alone.

    `sizes` are the sizes of parts, falling, each a multiple of the next. A part is taken for spoiled only beside
    another that can be read: in an outage there is none. `serves_else` is asked where there is no such part.
    """

    def __init__(
        self,
        read: ReadPart[R],
        sizes: Sequence[int],
        *,
        serves_else: Callable[[], Awaitable[bool]] = _nothing_else,
    ) -> None:
        self._read = read
        self._sizes = sizes
        self._serves_else = serves_else
        self._alone = 0

    async def read_around(self, start: int, stop: int, failure: Unserved) -> dict[int, Served[R] | None]:
        """Return the parts of a range by position, in order; None for a record that cannot be read.

        Raises:
            ServiceUnavailable: the service serves nothing else either, or too much of it is unreadable.
        """
        if not failure.may_be_poison or (stop - start == 1 and not await self._serves_else()):
            raise failure
        parts: dict[int, Served[R] | None] = {}
        await self._split(range(start, stop), failure, parts)
        return dict(sorted(parts.items()))

    async def _split(self, spoiled: range, failure: Unserved, parts: dict[int, Served[R] | None]) -> None:
        size = next((size for size in self._sizes if size < len(spoiled)), None)
        if size is None:
            self._alone += 1
            if self._alone > MAX_ALONE:
                raise failure
            parts[spoiled.start] = None
            return
        smaller = [spoiled[at : at + size] for at in range(0, len(spoiled), size)]
        for part, error in await self._read_parts(smaller, failure, parts):
            await self._split(part, error, parts)

    async def _read_parts(
        self, smaller: Sequence[range], failure: Unserved, parts: dict[int, Served[R] | None]
    ) -> list[tuple[range, Unserved]]:
        """Read the parts of a range, the last one first; return those that fail, with their failures."""
        failed: list[tuple[range, Unserved]] = []
        is_served, is_past_end = False, False
        for part in (smaller[-1], *smaller[:-1]):
            try:
                served = parts[part.start] = await self._read(part.start, part.stop)
            except Unserved as error:
                if not error.may_be_poison:
                    raise
                failed.append((part, error))
            else:
                if is_past_end and served.is_end:
                    break  # the list ends here, so nothing is between this part and the last one
                is_served, is_past_end = True, is_past_end or (served.is_end and part is smaller[-1])
            if not is_served and len(failed) == min(MAX_FAILED_PARTS, len(smaller)):
                is_served = await self._serves_else()
                if not is_served:
                    raise failure
        return failed
