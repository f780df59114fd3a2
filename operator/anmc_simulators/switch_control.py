"""The control of the switches under `/_sim`."""

from typing import Any

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anmc_simulators.bodies import Body, read
from anmc_simulators.switch_panel import SwitchPanel


class _SwitchesBody(Body):
    """Values by name; which there are, the switches say themselves."""

    action_network: dict[str, Any] = Field(default_factory=dict)
    mobile_commons: dict[str, Any] = Field(default_factory=dict)


def routes(panel: SwitchPanel) -> list[Route]:
    """Return the routes that show, turn and reset the switches."""

    async def show(_request: Request) -> Response:
        return JSONResponse(panel.document())

    async def turn(request: Request) -> Response:
        body = await read(request, _SwitchesBody)
        try:
            panel.turn(body.model_dump())
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(panel.document())

    async def reset(_request: Request) -> Response:
        panel.reset()
        return JSONResponse(panel.document())

    return [
        Route("/switches", show, methods=["GET"]),
        Route("/switches", turn, methods=["PATCH"]),
        Route("/switches", reset, methods=["DELETE"]),
    ]
