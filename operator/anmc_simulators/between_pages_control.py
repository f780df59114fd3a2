"""Ordering any request of the control API for a moment between two pages of a walk."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import httpx
from pydantic import Field, StringConstraints
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from anmc_simulators.between_pages import BetweenPages
from anmc_simulators.bodies import Body, read
from anmc_simulators.simulation import Simulation

PATH: Final = "/after-pages"


class _ActBody(Body):
    """A control request, such as POST /mobile-commons/stop, and the page that it waits for.

    `account` is the key or login that walks, as the journal has it; it may be left out where there is one only.
    `operation` restricts the pages that count to those of one list.
    """

    service: Literal["action-network", "mobile-commons"]
    pages: int = 1
    account: str | None = None
    operation: str | None = None
    method: Literal["POST", "PATCH", "DELETE"] = "POST"
    path: Annotated[str, StringConstraints(pattern=r"^/")]
    body: dict[str, Any] = Field(default_factory=dict)


def routes(simulation: Simulation, control: Starlette) -> list[Route]:
    """Return the routes that order, show and forget acts; `control` is what performs them."""
    queues = {
        "action-network": simulation.action_network.between_pages,
        "mobile-commons": simulation.mobile_commons.between_pages,
    }
    accounts: dict[str, Mapping[str, object]] = {
        "action-network": simulation.action_network.groups,
        "mobile-commons": simulation.mobile_commons.users,
    }

    async def order(request: Request) -> Response:
        body = await read(request, _ActBody)
        _check_path(control, body)
        account = _account(body.account, accounts[body.service])

        async def act() -> str:
            return await _perform(control, body)

        try:
            queues[body.service].schedule(
                act,
                account=account,
                pages=body.pages,
                operation=body.operation,
                about={"method": body.method, "path": body.path},
            )
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(_document(queues), 202)

    async def show(_request: Request) -> Response:
        return JSONResponse(_document(queues))

    async def forget(_request: Request) -> Response:
        for queue in queues.values():
            queue.clear()
        return JSONResponse(_document(queues))

    return [
        Route(PATH, show, methods=["GET"]),
        Route(PATH, order, methods=["POST"]),
        Route(PATH, forget, methods=["DELETE"]),
    ]


def _check_path(control: Starlette, body: _ActBody) -> None:
    scope = {"type": "http", "method": body.method, "path": body.path.partition("?")[0]}
    if all(route.matches(scope)[0] is not Match.FULL for route in control.routes):
        raise HTTPException(400, "method and path are none of the control API; the path begins behind /_sim")


def _account(wanted: str | None, accounts: Mapping[str, object]) -> str:
    if wanted is None and len(accounts) == 1:
        return next(iter(accounts))
    if wanted is None:
        raise HTTPException(400, f"there are {len(accounts)} accounts; name one")
    if wanted not in accounts:
        raise HTTPException(400, "no account has that key or login")
    return wanted


async def _perform(control: Starlette, body: _ActBody) -> str:
    transport = httpx.ASGITransport(control)
    async with httpx.AsyncClient(transport=transport, base_url="http://control", trust_env=False) as client:
        answer = await client.request(body.method, body.path, json=body.body)
    return "" if answer.is_success else f"{answer.status_code} {answer.json()['error']}"


def _document(queues: Mapping[str, BetweenPages]) -> dict[str, Any]:
    return {service: queue.document() for service, queue in queues.items()}
