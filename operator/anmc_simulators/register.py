"""Records by position: those that were written, and seeded ones that are made whenever somebody asks.

A million seeded people fit into a process because hardly any of them exists at a time: each is a function of its
position until it is written for the first time, and kept from then on.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from anmc_simulators.positions import Positions

Record = TypeVar("Record")
Made_co = TypeVar("Made_co", covariant=True)


class Source(Protocol[Made_co]):
    """Makes seeded records: the same one at every call, but never the same object."""

    @property
    def positions(self) -> range:
        """Return the positions that are this source's; not every one needs to have a record."""
        ...

    def at(self, position: int) -> Made_co:
        """Return the record of a position as it was seeded."""
        ...


class Register(Generic[Record]):
    """The records of one list in ascending order of their positions."""

    def __init__(self) -> None:
        self.positions = Positions()
        self._written: dict[int, Record] = {}
        self._sources: list[Source[Record]] = []

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Record]:
        # A record that is removed meanwhile is passed over.
        return (record for position in self.positions if (record := self.find(position)) is not None)

    def at(self, position: int) -> Record:
        """Return the record at a position that has one."""
        record = self._written.get(position)
        return self._seeded(position) if record is None else record

    def find(self, position: int) -> Record | None:
        """Return the record at any position."""
        return self.at(position) if position in self.positions else None

    def is_seeded(self, position: int) -> bool:
        """Tell whether there is a record at the position that nobody has written."""
        return position not in self._written and position in self.positions

    def put(self, position: int, record: Record) -> None:
        """Store a record, new or changed."""
        if position not in self._written:
            self.positions.add(position)
        self._written[position] = record

    def remove(self, position: int) -> None:
        """Forget the record at a position."""
        self._written.pop(position, None)
        self.positions.discard(position)

    def admit(self, source: Source[Record], positions: Iterable[int]) -> None:
        """Add seeded records at some positions of their source, ascending, behind all that are there."""
        self._sources.append(source)
        self.positions.extend(positions)

    def _seeded(self, position: int) -> Record:
        for source in self._sources:
            if position in source.positions:
                return source.at(position)
        raise LookupError(f"no record at position {position}")
