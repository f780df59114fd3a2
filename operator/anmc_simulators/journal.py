"""What really arrived: requests and texts, in order, for assertions and for the demo."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

MAX_ENTRIES: Final = 100_000
"""Requests kept in full; the counters go on beyond, so that a long run does not fill the memory."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a service received it; `account` is the login it came with."""

    time: datetime
    service: str
    account: str
    method: str
    path: str
    operation: str
    parameters: dict[str, Any]
    status: int


@dataclass(frozen=True, slots=True)
class Text:
    """One text message that Mobile Commons would have sent."""

    time: datetime
    account: str
    phone: str
    campaign_id: str
    opt_in_path_id: str
    kind: str


class Journal:
    """Requests received and texts sent since the last reset."""

    def __init__(self) -> None:
        self.requests: deque[Request] = deque(maxlen=MAX_ENTRIES)
        self.texts: list[Text] = []
        self.calls: Counter[tuple[str, str]] = Counter()

    def received(self, request: Request) -> None:
        """Note a request after it was answered."""
        self.requests.append(request)
        self.calls[request.service, request.operation] += 1

    def texted(self, text: Text) -> None:
        """Note a text message that went out."""
        self.texts.append(text)

    def reset(self) -> None:
        """Forget everything noted so far."""
        self.requests.clear()
        self.texts.clear()
        self.calls.clear()

    def document(self) -> dict[str, Any]:
        """Return the journal as JSON-ready data; times in ISO 8601."""
        return {
            "requests": [_plain(request) for request in self.requests],
            "texts": [_plain(text) for text in self.texts],
            "calls": {f"{service}/{operation}": count for (service, operation), count in sorted(self.calls.items())},
        }


def _plain(entry: Request | Text) -> dict[str, Any]:
    return {**asdict(entry), "time": entry.time.strftime("%Y-%m-%dT%H:%M:%SZ")}
