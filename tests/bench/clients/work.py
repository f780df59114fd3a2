"""What clients are set to do, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bench.clients.floors import Floor

FIRST_NAME: Final = "Ada"
"""What every client writes to each profile."""


@dataclass(frozen=True, slots=True)
class Task:
    """So many records for one client; `is_ours` tells whose clients have targets to meet."""

    case: str
    client: str
    records: int
    floor: Floor
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What a client got done, in how many seconds; `ended_by` is the refusal that ended it early, if one did."""

    done: int
    seconds: float
    ended_by: str = ""


class Client(Protocol):
    """Whoever can do both tasks."""

    @property
    def name(self) -> str:
        """Return what the table calls it."""
        ...

    def read_people(self) -> Work:
        """Read a whole list."""
        ...

    def update_profiles(self, phones: Sequence[str]) -> Work:
        """Write the first name to the profile of each number."""
        ...


class Other(Client, Protocol):
    """A client that does not know the limits."""

    def slower(self) -> Client:
        """Return the same with pauses between its calls."""
        ...
