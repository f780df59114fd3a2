"""The control frame under `/_sim`: journal, clock, faults, seed."""

import asyncio
from datetime import timedelta
from typing import Annotated

from pydantic import Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anmc_simulators import between_pages_control, switch_control
from anmc_simulators.action_network import control as action_network
from anmc_simulators.bodies import Body, read
from anmc_simulators.census import take_census
from anmc_simulators.faults import ANY_OPERATION
from anmc_simulators.mobile_commons import control as mobile_commons
from anmc_simulators.seed import MAX_PEOPLE, call_up, settle
from anmc_simulators.simulation import Simulation


class _ClockBody(Body):
    advance_seconds: Annotated[float, Field(ge=0, le=10 * 366 * 86_400)]


class _SeedBody(Body):
    people: Annotated[int, Field(ge=0, le=MAX_PEOPLE)]
    seed: int = 1


class _FaultBody(Body):
    """A fault as `Faults.set` takes it, which says what is possible."""

    service: str
    operation: str = ANY_OPERATION
    latency: float = 0
    status: int | None = None
    times: int | None = None


def create_app(simulation: Simulation) -> Starlette:
    """Return the control API of both services, to be mounted under `/_sim` on each port."""
    control = _Control(simulation)
    app = Starlette(
        routes=[
            Route("/healthz", control.healthz, methods=["GET"]),
            Route("/journal", control.journal, methods=["GET"]),
            Route("/reset", control.reset, methods=["POST"]),
            Route("/clock", control.show_clock, methods=["GET"]),
            Route("/clock", control.advance_clock, methods=["POST"]),
            Route("/faults", control.show_faults, methods=["GET"]),
            Route("/faults", control.set_fault, methods=["POST"]),
            Route("/faults", control.clear_faults, methods=["DELETE"]),
            Route("/seed", control.seed, methods=["POST"]),
            *switch_control.routes(simulation.switches),
            *mobile_commons.routes(simulation.mobile_commons),
            *action_network.routes(simulation.action_network),
        ],
        exception_handlers={HTTPException: _refused},
    )
    app.routes.extend(between_pages_control.routes(simulation, app))
    return app


class _Control:
    """What concerns both services."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._seeding = asyncio.Lock()

    async def healthz(self, _request: Request) -> Response:
        """Answer that both services listen."""
        return JSONResponse({"status": "ok"})

    async def journal(self, _request: Request) -> Response:
        """Return requests received and texts sent."""
        return JSONResponse(self._simulation.journal.document())

    async def reset(self, _request: Request) -> Response:
        """Forget the journal, the faults and what waits for a page; people, accounts and switches stay."""
        self._simulation.journal.reset()
        self._simulation.faults.clear()
        self._simulation.mobile_commons.between_pages.clear()
        self._simulation.action_network.between_pages.clear()
        return JSONResponse({})

    async def show_clock(self, _request: Request) -> Response:
        """Return the services' time."""
        return self._clock()

    async def advance_clock(self, request: Request) -> Response:
        """Move the services' time forward."""
        body = await read(request, _ClockBody)
        self._simulation.clock.advance(timedelta(seconds=body.advance_seconds))
        return self._clock()

    async def show_faults(self, _request: Request) -> Response:
        """Return the faults that are set."""
        return JSONResponse(self._simulation.faults.document())

    async def set_fault(self, request: Request) -> Response:
        """Set a fault for an operation of a service."""
        body = await read(request, _FaultBody)
        try:
            self._simulation.faults.set(
                body.service, body.operation, latency=body.latency, status=body.status, times=body.times
            )
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(self._simulation.faults.document())

    async def clear_faults(self, _request: Request) -> Response:
        """Remove every fault."""
        self._simulation.faults.clear()
        return JSONResponse(self._simulation.faults.document())

    async def seed(self, request: Request) -> Response:
        """Invent people on both sides."""
        body = await read(request, _SeedBody)
        async with self._seeding:
            try:
                cohort = call_up(self._simulation, people=body.people, number=body.seed)
            except ValueError as error:
                raise HTTPException(400, str(error)) from error
            # A million people take seconds, in which both services go on answering.
            census = await asyncio.to_thread(take_census, cohort)
            return JSONResponse(settle(self._simulation, cohort, census))

    def _clock(self) -> Response:
        return JSONResponse({"now": self._simulation.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")})


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, error.status_code)
