"""The edge of the modelled world: whatever a run says to the outside passes here, and anything may happen to it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import parse_qs

import httpx
from typing_extensions import override

from anmc.errors import Interrupted
from anmc.store.memory import SqlMemory
from anmc.store.store import StoreScope
from anmc.store.transactions import Transactions
from anmc.sync.ports import Changes
from sync.world import COMMONS, FakeClock, Killed


class Harm(StrEnum):
    """What can happen to a call, before or after it was carried out."""

    NO_CONNECTION = "no connection"
    TIME_OUT_BEFORE = "time-out before"
    TIME_OUT_AFTER = "time-out after"
    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after"
    TOO_MANY = "429"
    FAILS_BEFORE = "503 before"
    FAILS_AFTER = "500 after"
    DEATH_BEFORE = "death before"
    DEATH_AFTER = "death after"
    STOP = "stop"
    """The gate closes for good, as at a shutdown."""


_PREFIX: Final = "action_network:"
_DEATHS: Final = frozenset({Harm.DEATH_BEFORE, Harm.DEATH_AFTER})
_APPLIED: Final = frozenset({Harm.TIME_OUT_AFTER, Harm.RESET_AFTER, Harm.FAILS_AFTER})
_ERRORS: Final[Mapping[Harm, type[httpx.TransportError]]] = {
    Harm.NO_CONNECTION: httpx.ConnectError,
    Harm.TIME_OUT_BEFORE: httpx.ReadTimeout,
    Harm.TIME_OUT_AFTER: httpx.ReadTimeout,
    Harm.RESET_BEFORE: httpx.ReadError,
    Harm.RESET_AFTER: httpx.ReadError,
}
_STATUSES: Final[Mapping[Harm, int]] = {Harm.TOO_MANY: 429, Harm.FAILS_BEFORE: 503, Harm.FAILS_AFTER: 500}


@dataclass(frozen=True, slots=True)
class Mishap:
    """What goes wrong in a run: from call `at` on, counted from 1, with so many calls in a row."""

    harm: Harm
    at: int
    times: int = 1

    @override
    def __repr__(self) -> str:
        return f"<{self.harm} at call {self.at}{f', {self.times} times' if self.times > 1 else ''}>"


@dataclass(slots=True)
class Fate:
    """What happens to the calls of one run.

    Deaths and what others do meanwhile come at any call, requests and writes to the store counted together; all else
    at requests, which are counted for themselves.
    """

    mishap: Mishap | None = None
    meanwhile: Callable[[], None] | None = None
    """What somebody does right before call `meanwhile_at`."""
    meanwhile_at: int = 0
    calls: int = 0
    requests: int = 0
    has_struck: bool = False
    is_dead: bool = False

    def begin_call(self) -> None:
        """Count a call; a process that is dead makes none.

        Raises:
            Killed: the process dies before it, or has died.
        """
        if self.is_dead:
            raise Killed
        self.calls += 1
        if self.meanwhile is not None and self.calls == self.meanwhile_at:
            self.has_struck = True
            self.meanwhile()
        self._die_of(Harm.DEATH_BEFORE)

    def end_call(self) -> None:
        """Let the process go on, or not.

        Raises:
            Killed: the process dies after the call, or has died.
        """
        if self.is_dead:
            raise Killed
        self._die_of(Harm.DEATH_AFTER)

    def next_request(self) -> Harm | None:
        """Count a request; say what happens to it."""
        self.requests += 1
        mishap = self.mishap
        if mishap is None or mishap.harm in _DEATHS or not mishap.at <= self.requests < mishap.at + mishap.times:
            return None
        self.has_struck = True
        return mishap.harm

    def ask_gate(self) -> None:
        """Let a request pass, or end the run.

        Raises:
            Interrupted: the gate is closed.
        """
        if self.mishap is not None and self.mishap.harm is Harm.STOP and self.requests + 1 >= self.mishap.at:
            self.has_struck = True
            raise Interrupted("The history closes the gate")

    def _die_of(self, harm: Harm) -> None:
        if self.mishap is not None and self.mishap.harm is harm and self.calls >= self.mishap.at:
            self.has_struck = self.is_dead = True
            raise Killed


@dataclass(frozen=True, slots=True)
class Write:
    """A write as it leaves: of which number or person, and what it carries."""

    operation: str
    subject: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)


class Edge(httpx.AsyncBaseTransport):
    """The way to both services, under the fate of the run; `on_write` is told of each write that leaves."""

    def __init__(self, wire: httpx.AsyncBaseTransport, clock: FakeClock) -> None:
        self._wire = wire
        self._clock = clock
        self.on_write: Callable[[Write], None] = lambda _write: None
        self.fate = Fate()
        self.people_listed: set[str] = set()
        self.people_asked_for: set[str] = set()
        """Ids of people whom walks have listed, and of those who were asked for by id."""
        self.numbers_read: set[str] = set()
        """Numbers that were looked up in Mobile Commons."""

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fate = self.fate
        fate.begin_call()
        harm = fate.next_request()
        if (write := _write(request)) is not None:
            self.on_write(write)
        if harm is not None:
            return await self._harm(request, harm)
        response = await self._wire.handle_async_request(request)
        fate.end_call()
        if request.method == "GET" and request.url.host == COMMONS.host:
            self.numbers_read.update(request.url.params.get("phone_number", "").split(","))
        elif request.method == "GET":
            response = await self._note_people(request, response)
        return response

    def ask_gate(self) -> None:
        """Let a request pass unless the gate was closed."""
        self.fate.ask_gate()

    def forget_what_was_read(self) -> None:
        """Begin anew with the ids and numbers."""
        self.people_listed.clear()
        self.people_asked_for.clear()
        self.numbers_read.clear()

    async def _note_people(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Note whom an answer is about; look-ups by number or address do not count."""
        if not request.url.path.endswith("/people"):
            self.people_asked_for.add(_last_part(request))
        elif response.status_code == 200 and "_date" in request.url.params.get("filter", ""):
            body = await response.aread()
            people = json.loads(body)["_embedded"]["osdi:people"]
            names = (name for person in people for name in person["identifiers"])
            self.people_listed |= {name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)}
            return _answer(response.status_code, response.headers, body)
        return response

    async def _harm(self, request: httpx.Request, harm: Harm) -> httpx.Response:
        if harm in _APPLIED:
            await self._wire.handle_async_request(request)
        if harm in _ERRORS:
            raise _ERRORS[harm]("no answer came")
        date = format_datetime(self._clock.now(), usegmt=True)
        return _answer(_STATUSES[harm], httpx.Headers({"Date": date}), b"")


class MortalMemory(SqlMemory):
    """The memory of a process that may die before a write to it or after."""

    def __init__(self, transactions: Transactions, scope: StoreScope, edge: Edge) -> None:
        super().__init__(transactions, scope)
        self._edge = edge

    @override
    async def remember(self, changes: Changes) -> None:
        self._edge.fate.begin_call()
        await super().remember(changes)
        self._edge.fate.end_call()


def _write(request: httpx.Request) -> Write | None:
    if request.method == "GET":
        return None
    if request.url.host != COMMONS.host:
        body = json.loads(request.content)
        if request.method == "POST":
            return Write("create_person", "", body["person"])
        return Write("update_person", _last_part(request), body)
    form = {name: values[-1] for name, values in parse_qs(request.content.decode(), keep_blank_values=True).items()}
    number = form.pop("phone_number")
    if request.url.path.endswith("profile_opt_out"):
        return Write("opt_out", number, form)
    return Write("opt_in" if "opt_in_path_id" in form else "update_profile", number, form)


def _answer(status: int, headers: httpx.Headers, body: bytes) -> httpx.Response:
    """Return an answer that nobody has read yet."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def _last_part(request: httpx.Request) -> str:
    return request.url.path.rsplit("/", 1)[-1]
