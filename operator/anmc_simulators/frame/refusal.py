"""How a request is refused: status, body, `Retry-After`."""

from datetime import timedelta
from email.utils import format_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, StringConstraints
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from anmc_simulators.bodies import Body
from anmc_simulators.clock import Clock
from anmc_simulators.frame.face import Face

_TEN_YEARS: Final = 10 * 366 * 86_400


class Form(StrEnum):
    """What the body of a refusal is."""

    SERVICE = "service"
    """The service's own words: JSON from Action Network, a page of HTML from Mobile Commons."""

    EMPTY = "empty"
    TEXT = "text"
    HTML = "html"
    JSON = "json"


HeaderText = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value),
    StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=200),
]
"""What can stand in a header; a whole number is taken as its digits."""


class Refusal(Body):
    """The form of a refusal.

    `retry_after` goes out as it is, however absurd; `retry_after_date` becomes an HTTP date so many seconds from
    the service's present. Without either there is no such header.
    """

    body: Form = Form.SERVICE
    retry_after: HeaderText | None = None
    retry_after_date: Annotated[float, Field(ge=-_TEN_YEARS, le=_TEN_YEARS, allow_inf_nan=False)] | None = None

    def answer(self, status: int, *, face: Face, clock: Clock) -> Response:
        """Return the answer to a refused request."""
        response = _body(self.body, status, face)
        if self.retry_after is not None:
            response.headers["Retry-After"] = self.retry_after
        elif self.retry_after_date is not None:
            moment = clock.now() + timedelta(seconds=self.retry_after_date)
            response.headers["Retry-After"] = format_datetime(moment, usegmt=True)
        return response


def phrase(status: int) -> str:
    """Return the words of a status, also of one that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _body(form: Form, status: int, face: Face) -> Response:
    words = phrase(status)
    match form:
        case Form.SERVICE:
            return face.error(status)
        case Form.EMPTY:
            return Response(status_code=status)
        case Form.TEXT:
            return PlainTextResponse(f"{words}\n", status)
        case Form.HTML:
            return HTMLResponse(f"<!DOCTYPE html>\n<html><body><h1>{status} {words}</h1></body></html>\n", status)
        case Form.JSON:
            return JSONResponse({"error": words}, status)
