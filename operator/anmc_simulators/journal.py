"""What really arrived: requests and texts, in order, for assertions and for the demo."""

import heapq
import itertools
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from anmc_simulators.meter import Meter
from anmc_simulators.operations import Service

MAX_ENTRIES: Final = 50_000
"""Requests, and as many texts, kept in full, which takes about 100 MiB; the figures go on beyond."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a service received it.

    `account` is the key or login it came with, `company` the company of Mobile Commons that it was about. `status` is
    0 where no answer was sent. `changed` says whether a write made a difference, None for what is no write or was
    not carried out.
    """

    time: datetime
    service: str
    account: str
    method: str
    path: str
    operation: str
    parameters: Mapping[str, Any]
    status: int
    company: str = ""
    faults: tuple[str, ...] = ()
    changed: bool | None = None
    number: int = 0
    """Position in the journal; requests and texts are counted together, from 1."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text message that Mobile Commons would have sent."""

    time: datetime
    account: str
    phone: str
    campaign_id: str
    opt_in_path_id: str
    kind: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """Which part of the journal is wanted; None stands for all, and for no end."""

    service: str | None = None
    account: str | None = None
    operation: str | None = None
    status: int | None = None
    since: int = 0
    limit: int | None = None

    def takes_request(self, request: Request) -> bool:
        """Tell whether a request is among what is wanted."""
        return (
            request.number > self.since
            and self.service in {None, request.service}
            and self.account in {None, request.account, request.company}
            and self.operation in {None, request.operation}
            and self.status in {None, request.status}
        )

    def takes_text(self, text: Text) -> bool:
        """Tell whether a text is among what is wanted; it has no operation and no status that could be asked for."""
        return (
            text.number > self.since
            and self.service in {None, Service.MOBILE_COMMONS}
            and self.account in {None, text.account}
            and self.operation is None
            and self.status is None
        )


EVERYTHING: Final = Query()


class Journal:
    """Requests received and texts sent since the last reset."""

    def __init__(self) -> None:
        self.requests: deque[Request] = deque(maxlen=MAX_ENTRIES)
        self.texts: list[Text] = []
        self.calls: Counter[tuple[str, str]] = Counter()
        self.meter = Meter()
        self.texts_sent = 0
        self.unchanged_writes = 0
        self._numbers = itertools.count(1)

    def received(self, request: Request) -> None:
        """Note a request after it was answered; it gets its number here."""
        self.requests.append(replace(request, number=next(self._numbers)))
        self.calls[request.service, request.operation] += 1
        if request.changed is False:
            self.unchanged_writes += 1

    def texted(self, text: Text) -> None:
        """Note a text message that went out; it gets its number here."""
        if len(self.texts) >= MAX_ENTRIES:
            del self.texts[: MAX_ENTRIES // 10]
        self.texts.append(replace(text, number=next(self._numbers)))
        self.texts_sent += 1

    def reset(self) -> None:
        """Forget everything noted so far."""
        self.requests.clear()
        self.texts.clear()
        self.calls.clear()
        self.meter.reset()
        self.texts_sent = 0
        self.unchanged_writes = 0
        self._numbers = itertools.count(1)

    def document(self, query: Query = EVERYTHING) -> dict[str, Any]:
        """Return the journal as JSON-ready data; times in ISO 8601."""
        found = self._found(query)
        entries = list(itertools.islice(found, query.limit))
        more = next(found, None) is not None if entries else False
        figures = self.meter.document(service=query.service, account=query.account, operation=query.operation)
        return {
            "requests": [_request(entry) for entry in entries if isinstance(entry, Request)],
            "texts": [_text(entry) for entry in entries if isinstance(entry, Text)],
            "next": entries[-1].number if more else None,
            "calls": {f"{service}/{operation}": count for (service, operation), count in sorted(self.calls.items())},
            "totals": {
                "calls": self.calls.total(),
                "too_many_requests": self.meter.too_many_requests,
                "texts": self.texts_sent,
                "unchanged_writes": self.unchanged_writes,
            },
            **figures,
        }

    def _found(self, query: Query) -> Iterator[Request | Text]:
        requests: Iterator[Request | Text] = (entry for entry in self.requests if query.takes_request(entry))
        texts: Iterator[Request | Text] = (entry for entry in self.texts if query.takes_text(entry))
        return heapq.merge(requests, texts, key=lambda entry: entry.number)


def _request(entry: Request) -> dict[str, Any]:
    return {
        "number": entry.number,
        "time": _timestamp(entry.time),
        "service": entry.service,
        "account": entry.account,
        "company": entry.company,
        "method": entry.method,
        "path": entry.path,
        "operation": entry.operation,
        "parameters": entry.parameters,
        "status": entry.status,
        "faults": list(entry.faults),
        "changed": entry.changed,
    }


def _text(entry: Text) -> dict[str, Any]:
    return {
        "number": entry.number,
        "time": _timestamp(entry.time),
        "account": entry.account,
        "phone": entry.phone,
        "campaign_id": entry.campaign_id,
        "opt_in_path_id": entry.opt_in_path_id,
        "kind": entry.kind,
    }


def _timestamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
