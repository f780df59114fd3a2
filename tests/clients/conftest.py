"""A wire that a test scripts, and the clock and meter around it."""

import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from typing_extensions import override

from anmc.api.credentials import ActionNetworkCredentials, BearerToken
from anmc.api.origins import Origin
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.sync.ports import Service

# What several test modules share lives beside them, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


class FakeClock:
    """A clock that only waiting and tests move."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.time += timedelta(seconds=seconds)


class FakeMeter:
    """Keeps what clients report."""

    def __init__(self) -> None:
        self.sent_operations: list[str] = []
        self.codes: list[str] = []
        self.retries: list[str] = []
        self.waits: list[tuple[str, float]] = []

    def sent(self, service: Service, operation: str) -> None:
        assert service in Service
        self.sent_operations.append(operation)

    def answered(self, service: Service, operation: str, *, code: str, seconds: float) -> None:
        assert service in Service
        assert operation in self.sent_operations
        assert seconds >= 0
        self.codes.append(code)

    def retried(self, service: Service, reason: str) -> None:
        assert service in Service
        self.retries.append(reason)

    def waited(self, service: Service, cause: str, seconds: float) -> None:
        assert service in Service
        self.waits.append((cause, seconds))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes over the wire."""

    status: int = 200
    body: bytes | str | dict[str, object] = b""
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        match self.body:
            case bytes():
                content = self.body
            case str():
                content = self.body.encode()
            case _:
                content = json.dumps(self.body).encode()
        return httpx.Response(self.status, headers=self.headers, stream=Chunks(content))


class Chunks(httpx.AsyncByteStream):
    """A body that comes in pieces."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 65536):
            yield self._content[start : start + 65536]


Answering = Reply | Exception | Callable[[httpx.Request], Reply]


class Wire(httpx.AsyncBaseTransport):
    """Answers requests from a script, in order; the last line answers all that follow."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._script: deque[Answering] = deque()
        self.latency = 0.0
        self.requests: list[httpx.Request] = []

    def script(self, *answers: Answering) -> None:
        self._script = deque(answers)

    @property
    def bodies(self) -> list[bytes]:
        return [request.content for request in self.requests]

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        self._clock.advance(self.latency)
        answer = self._script.popleft() if len(self._script) > 1 else self._script[0]
        match answer:
            case Exception():
                raise answer
            case Reply():
                return answer.response()
            case _:
                return answer(request).response()


class Gatekeeper:
    """A gate that a test closes."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.closed_by: Exception | None = None
        self.asked_before: list[int] = []

    def __call__(self) -> None:
        self.asked_before.append(len(self._wire.requests))
        if self.closed_by is not None:
            raise self.closed_by


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def meter() -> FakeMeter:
    return FakeMeter()


@pytest.fixture
def wire(clock: FakeClock) -> Wire:
    return Wire(clock)


@pytest.fixture
def gate(wire: Wire) -> Gatekeeper:
    return Gatekeeper(wire)


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
async def action_network(
    clock: FakeClock, meter: FakeMeter, wire: Wire, gate: Gatekeeper
) -> AsyncIterator[ActionNetworkClient]:
    account = ActionNetworkAccount(
        origin=Origin("https", "actionnetwork.org", 443),
        credentials=ActionNetworkCredentials("an-canary-key"),
        secret_name="action-network",
    )
    async with ActionNetworkClient(
        account, pacers=Pacers(clock), gate=gate, meter=meter, clock=clock, http=wire
    ) as client:
        yield client


@pytest.fixture
async def mobile_commons(
    clock: FakeClock, meter: FakeMeter, wire: Wire, gate: Gatekeeper
) -> AsyncIterator[MobileCommonsClient]:
    account = MobileCommonsAccount(
        origin=Origin("https", "secure.mcommons.com", 443),
        credentials=BearerToken("mc-canary-token"),
        secret_name="mobile-commons",
        company_key="CO0123",
    )
    async with MobileCommonsClient(
        account, pacers=Pacers(clock), gate=gate, meter=meter, clock=clock, http=wire
    ) as client:
        yield client
