"""The records in an answer, as faults take hold of them; each service has its own form."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any


class Spoiling(StrEnum):
    """What is wrong with a record that cannot be read."""

    WRONG_TYPE = "wrong-type"
    """Something else stands in its place, such as a string or an element without anything in it."""

    WRONG_VALUES = "wrong-values"
    """Its id can be read, its dates, its contact points and the rest are of the wrong kind."""

    BROKEN = "broken"
    """It holds bytes that are no UTF-8, with which the whole document cannot be read."""


class Page(ABC):
    """One answer with records in it: a page of a list, or a single record."""

    @property
    @abstractmethod
    def records(self) -> Sequence[Any]:
        """Return the records in their order."""

    @abstractmethod
    def replace(self, records: Iterable[Any]) -> None:
        """Put copies of other records in place of these, and correct what counts or lists them."""

    @abstractmethod
    def renumber(self, number: int) -> None:
        """Present the page as another one of the same list."""

    @abstractmethod
    def names(self, record: Any) -> frozenset[str]:
        """Return by what a record can be named: its ids, its number."""

    @abstractmethod
    def spoil(self, record: Any, how: Spoiling) -> None:
        """Make a record of this page unreadable."""

    @abstractmethod
    def render(self) -> bytes:
        """Return the document as it goes out."""
