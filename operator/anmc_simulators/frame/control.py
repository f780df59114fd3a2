"""The control of what lies on the way of requests: journal, faults, limits, latency."""

import json
from dataclasses import replace
from typing import Annotated, Final

from pydantic import ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anmc_simulators.bodies import Body, checked, read, read_query
from anmc_simulators.fault_kinds.catalogue import make
from anmc_simulators.frame.latency import Latency
from anmc_simulators.frame.limits import Limits
from anmc_simulators.frame.refusal import Refusal
from anmc_simulators.frame.traffic import Traffic
from anmc_simulators.journal import Query
from anmc_simulators.operations import ANY, Service, check_operation

_Text = Annotated[str, Field(min_length=1, max_length=1000)]
_Number = Annotated[int, Field(ge=0, le=10**12)]

MAX_PERIOD: Final = 86_400
"""Seconds for which a limit may be lowered; a day is longer than any test."""


class _JournalQuery(Body):
    service: Service | None = None
    account: _Text | None = None
    operation: _Text | None = None
    status: Annotated[int, Field(ge=0, le=599)] | None = None
    since: _Number = 0
    limit: _Number | None = None


class _FaultBody(Body):
    """What every fault has; all other members are the fault's own arguments."""

    model_config = ConfigDict(extra="allow")

    fault: _Text | None = None
    service: Service
    operation: _Text = ANY
    account: _Text = ANY
    times: Annotated[int, Field(ge=1)] | None = None
    after: _Number = 0
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 1


class _ShortFaultBody(Body):
    """The two commonest faults, without their names."""

    service: Service
    operation: _Text = ANY
    latency: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 0
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    times: Annotated[int, Field(ge=1)] | None = None


class _FaultQuery(Body):
    id: _Number | None = None


class _LimitBody(Body):
    """A limit; a member that is not sent stays as it is, null switches a limit off."""

    service: Service
    account: _Text | None = None
    calls_per_second: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    counts_refused: bool = False
    answer: Refusal = Field(default_factory=Refusal)
    for_seconds: Annotated[float, Field(gt=0, le=MAX_PERIOD, allow_inf_nan=False)] | None = None


class _LatencyBody(Body):
    service: Service
    account: _Text | None = None
    latency: Annotated[float, Field(ge=0, allow_inf_nan=False)] | _Text
    seed: int | None = None


def routes(traffic: Traffic) -> list[Route]:
    """Return the control routes of the frame, to be mounted under `/_sim`."""
    control = _Control(traffic)
    return [
        Route("/journal", control.show_journal, methods=["GET"]),
        Route("/faults", control.show_faults, methods=["GET"]),
        Route("/faults", control.order_fault, methods=["POST"]),
        Route("/faults", control.clear_faults, methods=["DELETE"]),
        Route("/limits", control.show_limits, methods=["GET"]),
        Route("/limits", control.set_limit, methods=["POST"]),
        Route("/limits", control.reset_limits, methods=["DELETE"]),
        Route("/latency", control.show_latency, methods=["GET"]),
        Route("/latency", control.set_latency, methods=["POST"]),
        Route("/latency", control.reset_latency, methods=["DELETE"]),
    ]


class _Control:
    """One method for each route; whatever is set, the answer shows what then holds."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    async def show_journal(self, request: Request) -> Response:
        """Return requests received, texts sent, and figures."""
        query = read_query(request, _JournalQuery)
        try:
            check_operation(query.operation or ANY, service=query.service)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        document = self._traffic.journal.document(Query(**query.model_dump()))
        # In ASCII: what clients sent need not be text that UTF-8 can carry.
        return Response(json.dumps(document, allow_nan=False), media_type="application/json")

    async def show_faults(self, _request: Request) -> Response:
        """Return the faults in force."""
        return JSONResponse({"faults": self._traffic.faults.document()})

    async def order_fault(self, request: Request) -> Response:
        """Order a fault."""
        body = await read(request, _FaultBody)
        try:
            if body.fault is None:
                short = checked(_ShortFaultBody, body.model_dump(exclude_unset=True))
                self._traffic.faults.set(**short.model_dump())
            else:
                self._traffic.faults.order(
                    make(body.fault, body.model_extra or {}),
                    body.service,
                    body.operation,
                    account=body.account,
                    times=body.times,
                    after=body.after,
                    probability=body.probability,
                    seed=body.seed,
                )
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return await self.show_faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """Withdraw every fault, or the one with an id."""
        self._traffic.faults.clear(order_id=read_query(request, _FaultQuery).id)
        return await self.show_faults(request)

    async def show_limits(self, _request: Request) -> Response:
        """Return the limits in force."""
        return JSONResponse(self._limits.document(now=self._now()))

    async def set_limit(self, request: Request) -> Response:
        """Set the limit of a service or of one account, for good or for a period."""
        body = await read(request, _LimitBody)
        changes = {name: getattr(body, name) for name in _CHANGEABLE & body.model_fields_set}
        if not changes:
            raise HTTPException(400, f"a limit needs at least one of {', '.join(sorted(_CHANGEABLE))}")
        limit = replace(self._limits.lasting(body.service, body.account), **changes)
        self._limits.set(body.service, body.account, limit, now=self._now(), seconds=body.for_seconds)
        return await self.show_limits(request)

    async def reset_limits(self, request: Request) -> Response:
        """Go back to the limits of the start."""
        self._limits.reset()
        return await self.show_limits(request)

    async def show_latency(self, _request: Request) -> Response:
        """Return the latencies in force."""
        return JSONResponse(self._traffic.latencies.document())

    async def set_latency(self, request: Request) -> Response:
        """Set the latency of a service or of one account."""
        body = await read(request, _LatencyBody)
        try:
            latency = Latency.parse(body.latency if isinstance(body.latency, str) else f"{body.latency:f}")
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        self._traffic.latencies.set(body.service, body.account, latency, seed=body.seed)
        return await self.show_latency(request)

    async def reset_latency(self, request: Request) -> Response:
        """Go back to the latencies of the start."""
        self._traffic.latencies.reset()
        return await self.show_latency(request)

    @property
    def _limits(self) -> Limits:
        return self._traffic.limits

    def _now(self) -> float:
        return self._traffic.real_time.monotonic()


_CHANGEABLE: Final = frozenset({"calls_per_second", "concurrency", "counts_refused", "answer"})
