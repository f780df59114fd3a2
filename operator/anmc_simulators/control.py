"""The control frame under `/_sim`: clock, seed, reset; the rest comes from what it concerns."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from pydantic import Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from anmc_simulators import accounts, between_pages_control, switch_control
from anmc_simulators.action_network import control as action_network
from anmc_simulators.bodies import Body, read
from anmc_simulators.census import take_census
from anmc_simulators.frame import control as frame
from anmc_simulators.mobile_commons import control as mobile_commons
from anmc_simulators.seed import MAX_PEOPLE, call_up, settle
from anmc_simulators.simulation import Simulation


class _ClockBody(Body):
    advance_seconds: Annotated[float, Field(ge=0, le=10 * 366 * 86_400)]


class _SeedBody(Body):
    people: Annotated[int, Field(ge=0, le=MAX_PEOPLE)]
    seed: int = 1


class _ResetBody(Body):
    """What is to be as it was at the start; None stands for all of it."""

    only: list[str] | None = None


def create_app(simulation: Simulation) -> Starlette:
    """Return the control API of both services, to be mounted under `/_sim` on each port."""
    control = _Control(simulation)
    routes = [
        Route("/healthz", control.healthz, methods=["GET"]),
        Route("/reset", control.reset, methods=["POST"]),
        Route("/clock", control.show_clock, methods=["GET"]),
        Route("/clock", control.advance_clock, methods=["POST"]),
        Route("/seed", control.seed, methods=["POST"]),
        *frame.routes(simulation.traffic),
        *accounts.routes(simulation),
        *switch_control.routes(simulation.switches),
        *mobile_commons.routes(simulation.mobile_commons),
        *action_network.routes(simulation.action_network),
    ]
    app = Starlette(routes=routes)
    app.routes.extend(between_pages_control.routes(simulation, app))
    app.add_exception_handler(HTTPException, _refusal(app))
    return app


class _Control:
    """What concerns both services."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._seeding = asyncio.Lock()
        self._resets: Mapping[str, Callable[[], None]] = {
            "journal": simulation.journal.reset,
            "faults": simulation.faults.clear,
            "limits": simulation.traffic.limits.reset,
            "latency": simulation.traffic.latencies.reset,
            "after-pages": self._forget_acts,
        }

    async def healthz(self, _request: Request) -> Response:
        """Answer that both services listen."""
        return JSONResponse({"status": "ok"})

    async def reset(self, request: Request) -> Response:
        """Forget the journal and what was ordered for requests; people, accounts, clock and switches stay."""
        body = await read(request, _ResetBody) if await request.body() else _ResetBody()
        wanted = list(self._resets) if body.only is None else body.only
        if unknown := set(wanted) - self._resets.keys():
            raise HTTPException(400, f"only: {min(unknown)!r} is none of {', '.join(self._resets)}")
        for name in wanted:
            self._resets[name]()
        return JSONResponse({"reset": wanted})

    async def show_clock(self, _request: Request) -> Response:
        """Return the services' time."""
        return self._clock()

    async def advance_clock(self, request: Request) -> Response:
        """Move the services' time forward."""
        body = await read(request, _ClockBody)
        self._simulation.clock.advance(timedelta(seconds=body.advance_seconds))
        return self._clock()

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

    def _forget_acts(self) -> None:
        self._simulation.mobile_commons.between_pages.clear()
        self._simulation.action_network.between_pages.clear()

    def _clock(self) -> Response:
        return JSONResponse({"now": self._simulation.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")})


def _refusal(app: Starlette) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the answer to what is not there or not possible: one sentence."""
    routes = [route for route in app.routes if isinstance(route, Route)]
    paths = ", ".join(dict.fromkeys(route.path for route in routes))

    async def refuse(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        sentence = error.detail
        if error.status_code == 404 and sentence == HTTPStatus.NOT_FOUND.phrase:
            sentence = f"/_sim has {paths}"
        if error.status_code == 405:
            here = (route.methods or set() for route in routes if route.matches(request.scope)[0] is not Match.NONE)
            sentence = f"{request.method} is not possible here; possible: {', '.join(sorted(set().union(*here)))}"
        return JSONResponse({"error": sentence}, error.status_code)

    return refuse
