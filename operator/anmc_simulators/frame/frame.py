"""The way of a request: count it, limit it, let time pass, let things go wrong, answer it, note it."""

from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from anmc_simulators.fault_kinds.kind import Place, Proceed, Surroundings
from anmc_simulators.faults import Order
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.connection import NO_ANSWER, NoAnswer, line_of
from anmc_simulators.frame.face import Face
from anmc_simulators.frame.traffic import Traffic
from anmc_simulators.journal import Request

Handle = Callable[[Arrival], Awaitable[Response]]
"""How a service answers a request by itself; what a write does, it does without a pause."""

TOO_MANY_REQUESTS: Final = 429


class Frame:
    """One service in its traffic."""

    def __init__(self, traffic: Traffic, face: Face) -> None:
        self._traffic = traffic
        self._face = face

    async def serve(self, request: HttpRequest, arrival: Arrival, handle: Handle) -> Response:
        """Answer a request, the body of which has been read, as far as limits and faults let it come."""
        journal, now = self._traffic.journal, self._traffic.real_time.monotonic()
        way = _Way(self._traffic, self._face, request, handle)
        in_flight = journal.meter.began(arrival.service, arrival.limited_as, now=now)
        try:
            exceeded = self._traffic.limits.allows(arrival, now=now, in_flight=in_flight)
            if exceeded is None:
                response = await way.go(arrival)
            else:
                response = exceeded.answer.answer(TOO_MANY_REQUESTS, face=self._face, clock=self._traffic.clock)
                way.date(response)
        finally:
            journal.meter.ended(arrival.service, arrival.limited_as)
        self._note(arrival, way, NO_ANSWER if isinstance(response, NoAnswer) else response.status_code)
        return response

    def _note(self, arrival: Arrival, way: "_Way", status: int) -> None:
        journal = self._traffic.journal
        journal.meter.answered(arrival.service, arrival.limited_as, arrival.operation, status)
        journal.received(
            Request(
                time=self._traffic.clock.now(),
                service=arrival.service,
                account=arrival.account,
                method=arrival.method,
                path=arrival.path,
                operation=arrival.operation,
                parameters={**arrival.parameters, **({} if arrival.body is None else {"body": arrival.body})},
                status=status,
                company=arrival.company,
                faults=tuple(way.fired),
                changed=way.changed,
            )
        )


class _Way:
    """The way of one request, with what happened on it."""

    def __init__(self, traffic: Traffic, face: Face, request: HttpRequest, handle: Handle) -> None:
        self._traffic = traffic
        self._around = Surroundings(request, face, traffic.clock, traffic.patience)
        self._handle = handle
        self.fired: list[str] = []
        self.changed: bool | None = None

    async def go(self, arrival: Arrival) -> Response:
        """Let the request come to the service through latency and faults."""
        seconds = self._traffic.latencies.draw(arrival)
        if seconds:
            await self._traffic.patience.pause_until(self._received_at() + seconds)
        orders = self._traffic.faults.concerning(arrival)
        if not orders:
            return await self._answer(arrival)
        proceed: Proceed = self._answer
        for order in reversed(orders):
            proceed = self._through(order, proceed)
        return await proceed(arrival)

    def _received_at(self) -> float:
        """Return when the request came: what a busy simulator adds to it is no latency of the service."""
        line = line_of(self._around.request.scope)
        return self._traffic.real_time.monotonic() if line is None else line.received_at

    def date(self, response: Response) -> None:
        """Stamp an answer with the time of the services."""
        response.headers["Date"] = format_datetime(self._traffic.clock.now(), usegmt=True)

    def _through(self, order: Order, proceed: Proceed) -> Proceed:
        def fires() -> bool:
            if not order.fires():
                return False
            self.fired.append(order.fault.name)
            return True

        async def passed(arrival: Arrival) -> Response:
            response = await order.fault.apply(self._around, arrival, proceed, fires)
            if order.fault.place is not Place.HEADERS and "Date" not in response.headers:
                self.date(response)
            return response

        return passed

    async def _answer(self, arrival: Arrival) -> Response:
        if arrival.is_write:
            before = self._around.face.snapshot(arrival)
            response = await self._handle(arrival)
            self.changed = None if before is None else self._around.face.snapshot(arrival) != before
        else:
            response = await self._handle(arrival)
        self.date(response)
        return response
