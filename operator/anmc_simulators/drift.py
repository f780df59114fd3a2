"""Strangers who turn up while a list is being read."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from typing import Final

from anmc_simulators.invented import phone_at

_FIRST_PLACE: Final = 3_000_000
"""Far behind the places of invented people, of whom a seed takes the first ones."""


class Strangers:
    """Numbers and names for people whom a fault lets appear or change."""

    def __init__(self) -> None:
        self._places: Iterator[int] = itertools.count(_FIRST_PLACE)

    def phone(self, *, is_taken: Callable[[str], bool]) -> str:
        """Return a number that nobody has."""
        return next(number for number in map(phone_at, self._places) if not is_taken(number))

    @staticmethod
    def family_name() -> str:
        """Return a name that nobody has."""
        return f"Newcomer-{uuid.uuid4().hex[:8]}"
