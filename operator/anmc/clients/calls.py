"""One call of a service: what is asked, what came back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

from anmc.clients.retries import Repeat
from anmc.sync.ports import Priority

Query = Mapping[str, str]
"""Parameters of a URL; they may hold numbers, so they are never shown."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a write carries."""

    content: bytes = field(repr=False)
    content_type: str


def unnoticed() -> None:
    """Do nothing when a request goes out."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request in the words of the service; `operation` is the meter's name for it.

    `read_timeout`, in seconds, is for a request that takes longer than others of the service. `on_sent` is called
    right before each request goes out, after all waiting.
    """

    operation: str
    method: Literal["GET", "POST", "PUT"]
    path: str = field(repr=False)
    query: Query = field(default_factory=dict, repr=False)
    body: Body | None = None
    repeat: Repeat = Repeat.FREELY
    priority: Priority = Priority.DATA
    read_timeout: float | None = None
    on_sent: Callable[[], None] = field(default=unnoticed, repr=False)

    @property
    def target(self) -> str:
        """Path and query as they go over the wire, everything reserved encoded (action-network-api.md 5)."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe='')}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer; `read_at` is the service's own time when the request began (sync.md W2)."""

    code: str
    body: bytes = field(repr=False)
    content_type: str
    read_at: datetime
