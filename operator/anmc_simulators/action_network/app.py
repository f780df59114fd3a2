"""The HTTP face of Action Network: routes, keys, faults, journal."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from anmc_simulators.action_network import answers
from anmc_simulators.action_network.answers import Call
from anmc_simulators.action_network.filters import UnsupportedFilter
from anmc_simulators.action_network.state import ActionNetwork
from anmc_simulators.action_network.writes import Invalid
from anmc_simulators.journal import Request

SERVICE: Final = "action-network"
"""The name of this service in the journal and for faults."""

KEY_HEADER: Final = "OSDI-API-Token"
_ROOT: Final = "/api/v2"
_LOOK_UP: Final = re.compile(r"\b(phone_number|email_address|identifier) ")


def create_app(service: ActionNetwork) -> Starlette:
    """Return the service under `/api/v2`, every path with and without a final slash."""
    api = _Api(service)
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
    """What every request has in common: the key, faults, errors, the journal."""

    def __init__(self, service: ActionNetwork) -> None:
        self._service = service

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
            name = operation(request)
            fault = self._service.faults.take(SERVICE, name)
            if fault is not None and fault.latency:
                await asyncio.sleep(fault.latency)
            if fault is not None and fault.status:
                response: Response = answers.error(fault.status, "fault injected")
            else:
                response = self._answer(request, body, answer, public)
            if response.status_code == 200:
                account = request.headers.get(KEY_HEADER, "")
                await self._service.between_pages.served(account=account, operation=name)
            return self._finish(request, response, operation=name, body=body)

        return respond

    async def refused(self, request: HttpRequest, error: Exception) -> Response:
        """Answer a path or verb that the service does not have."""
        if not isinstance(error, HTTPException):
            raise error
        response = answers.error(error.status_code, error.detail)
        return self._finish(request, response, operation="unknown", body=b"")

    def _answer(
        self,
        request: HttpRequest,
        body: bytes,
        answer: Callable[[Call], Response],
        public: Callable[[str], Response] | None,
    ) -> Response:
        key = request.headers.get(KEY_HEADER, "")
        base = f"{str(request.base_url).rstrip('/')}{_ROOT}"
        group = self._service.group_with_key(key)
        if group is None:
            settings = self._service.switches.settings
            return public(base) if public else answers.refused_key(request.method, key, settings)
        content_type = request.headers.get("Content-Type", "")
        try:
            return answer(Call(group, base, request.path_params, dict(request.query_params), body, content_type))
        except Invalid as error:
            return answers.error(400, str(error))
        except HTTPException as error:
            return answers.error(error.status_code, error.detail)
        except UnsupportedFilter:
            return HTMLResponse(answers.ERROR_PAGE, 500)

    def _finish(self, request: HttpRequest, response: Response, *, operation: str, body: bytes) -> Response:
        now = self._service.clock.now()
        response.headers["Date"] = format_datetime(now, usegmt=True)
        response.headers["Cache-Control"] = "max-age=0, private, must-revalidate"
        self._service.journal.received(
            Request(
                time=now,
                service=SERVICE,
                account=request.headers.get(KEY_HEADER, ""),
                method=request.method,
                path=request.url.path,
                operation=operation,
                parameters={**request.query_params, **({"body": _readable(body)} if body else {})},
                status=response.status_code,
            )
        )
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
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
