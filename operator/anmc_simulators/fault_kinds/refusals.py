"""Faults in which something else than the service answers, and nothing is done."""

from typing import Annotated, Final

from pydantic import Field
from starlette.responses import HTMLResponse, RedirectResponse, Response
from typing_extensions import override

from anmc_simulators.fault_kinds.delays import Seconds
from anmc_simulators.fault_kinds.kind import Place, Proceed, RequestFault, Surroundings
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.refusal import Refusal

_LOG_IN_PAGE: Final = (
    "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><form action='/session' method='post'>"
    "<input name='login'><input name='password' type='password'></form></body></html>\n"
)


class Status(Refusal, RequestFault):
    """An error status is answered; `seconds` is how long that takes."""

    name = "status"
    place = Place.REFUSAL
    status: Annotated[int, Field(ge=400, le=599)]
    seconds: Seconds = 0

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        if self.seconds:
            await around.patience.pause(self.seconds)
        return self.answer(self.status, face=around.face, clock=around.clock)


class Revoked(RequestFault):
    """The credentials are refused as if they had been revoked; without `status` as the service does it."""

    name = "revoked"
    place = Place.REFUSAL
    status: Annotated[int, Field(ge=400, le=499)] | None = None

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        return around.face.unauthorised(arrival, self.status)


class LogInPage(RequestFault):
    """A log-in page in HTML is answered, with status 200."""

    name = "login-page"
    place = Place.REFUSAL

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        return HTMLResponse(_LOG_IN_PAGE)


class LogInRedirect(RequestFault):
    """A redirect to a log-in page is answered, with status 302."""

    name = "login-redirect"
    place = Place.REFUSAL
    location: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$", max_length=2000)] = "/login"

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        return RedirectResponse(self.location, 302)
