"""The HTTP face of Action Network: routes and keys."""

import json
import math
import re
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from anmc_simulators.action_network import answers
from anmc_simulators.action_network.answers import Call
from anmc_simulators.action_network.face import ActionNetworkFace
from anmc_simulators.action_network.filters import UnsupportedFilter
from anmc_simulators.action_network.state import ActionNetwork
from anmc_simulators.action_network.writes import Invalid
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.frame import Frame
from anmc_simulators.frame.traffic import Traffic
from anmc_simulators.operations import UNKNOWN, Service

KEY_HEADER: Final = "OSDI-API-Token"
_ROOT: Final = "/api/v2"
_LOOK_UP: Final = re.compile(r"\b(phone_number|email_address|identifier) ")


def create_app(service: ActionNetwork, traffic: Traffic | None = None) -> Starlette:
    """Return the service under `/api/v2`, every path with and without a final slash.

    Without a traffic of its own there are the faults of the service, and no limits.
    """
    api = _Api(service, traffic or Traffic(service.clock, service.journal, service.faults))
    routes = [
        *_both("", api.endpoint(_always("entry_point"), answers.entry_point, public=answers.public_entry_point), "GET"),
        *_both("/people", api.endpoint(_people_operation, answers.list_people), "GET"),
        *_both("/people", api.endpoint(_always("create_person"), answers.create_person), "POST"),
        *_both("/people/{id}", api.endpoint(_always("get_person"), answers.get_person), "GET"),
        *_both("/people/{id}", api.endpoint(_always("update_person"), answers.update_person), "PUT"),
        *_both("/people/{id}", api.endpoint(_always("delete_person"), answers.delete_person), "DELETE"),
        *_both("/metadata", api.endpoint(_always("get_metadata"), answers.metadata), "GET"),
        *_both("/metadata/custom_fields", api.endpoint(_always("list_custom_fields"), answers.custom_fields), "GET"),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: api.refused})


class _Api:
    """What every request has in common: the key, the errors, the way through the frame."""

    def __init__(self, service: ActionNetwork, traffic: Traffic) -> None:
        self._service = service
        self._frame = Frame(traffic, ActionNetworkFace(service))

    def endpoint(
        self,
        operation: Callable[[HttpRequest], str],
        answer: Callable[[Call], Response],
        *,
        public: Callable[[str], Response] | None = None,
    ) -> Callable[[HttpRequest], Awaitable[Response]]:
        """Wrap an answer; `public` serves callers without a valid key, who get a 403 elsewhere."""

        async def respond(request: HttpRequest) -> Response:
            body = await request.body()

            async def handle(arrival: Arrival) -> Response:
                response = _uncached(self._answer(request, arrival, body, answer, public))
                if response.status_code == 200:
                    between_pages = self._service.between_pages
                    await between_pages.served(account=arrival.account, operation=arrival.operation)
                return response

            return await self._frame.serve(request, _arrival(request, operation(request), body), handle)

        return respond

    async def refused(self, request: HttpRequest, error: Exception) -> Response:
        """Answer a path or verb that the service does not have."""
        if not isinstance(error, HTTPException):
            raise error
        status, detail = error.status_code, error.detail

        async def handle(_arrival: Arrival) -> Response:
            return _uncached(answers.error(status, detail))

        return await self._frame.serve(request, _arrival(request, UNKNOWN, b""), handle)

    def _answer(
        self,
        request: HttpRequest,
        arrival: Arrival,
        body: bytes,
        answer: Callable[[Call], Response],
        public: Callable[[str], Response] | None,
    ) -> Response:
        base = f"{str(request.base_url).rstrip('/')}{_ROOT}"
        group = self._service.group_with_key(arrival.account)
        if group is None:
            settings = self._service.switches.settings
            return public(base) if public else answers.refused_key(request.method, arrival.account, settings)
        content_type = request.headers.get("Content-Type", "")
        try:
            return answer(Call(group, base, request.path_params, dict(arrival.parameters), body, content_type))
        except Invalid as error:
            return answers.error(400, str(error))
        except HTTPException as error:
            return answers.error(error.status_code, error.detail)
        except UnsupportedFilter:
            return HTMLResponse(answers.ERROR_PAGE, 500)


def _arrival(request: HttpRequest, operation: str, body: bytes) -> Arrival:
    return Arrival(
        service=Service.ACTION_NETWORK,
        operation=operation,
        account=request.headers.get(KEY_HEADER, ""),
        method=request.method,
        path=request.url.path,
        parameters=dict(request.query_params),
        body=_readable(body) if body else None,
    )


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "max-age=0, private, must-revalidate"
    return response


def _people_operation(request: HttpRequest) -> str:
    wanted = request.query_params.get("filter", "")
    if _LOOK_UP.search(wanted.partition("'")[0]):
        return "find_person"
    return "probe" if not wanted and request.query_params.get("per_page") == "1" else "list_people"


def _always(name: str) -> Callable[[HttpRequest], str]:
    return lambda _request: name


def _both(path: str, endpoint: Callable[[HttpRequest], Awaitable[Response]], method: str) -> list[Route]:
    return [Route(f"{_ROOT}{path}{slash}", endpoint, methods=[method]) for slash in ("", "/")]


def _readable(body: bytes) -> object:
    """Return a body for the journal: as JSON if it is some, which Infinity and NaN are not, as text otherwise."""
    try:
        return json.loads(body, parse_constant=_refuse, parse_float=_finite)
    except ValueError:
        return body.decode(errors="replace")


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    return number if math.isfinite(number := float(text)) else _refuse(text)
