"""The HTTP face of Mobile Commons: routes, log-ins, parameters, faults, journal."""

import asyncio
import base64
import binascii
import json
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final, assert_never

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from anmc_simulators.journal import Request
from anmc_simulators.mobile_commons import answers, rendering
from anmc_simulators.mobile_commons.answers import Answer, Call
from anmc_simulators.mobile_commons.records import User
from anmc_simulators.mobile_commons.refusal import Refused
from anmc_simulators.mobile_commons.state import MobileCommons
from anmc_simulators.mobile_commons.switches import AuthFailure

SERVICE: Final = "mobile-commons"
"""The name of this service in the journal and for faults."""

_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class _Endpoint:
    operation: str
    answer: Answer
    methods: frozenset[str]


_READ: Final = frozenset({"GET"})
_READ_OR_POST: Final = frozenset({"GET", "POST"})
_WRITE: Final = frozenset({"POST"})

_ENDPOINTS: Final = {
    "campaigns": _Endpoint("list_campaigns", answers.list_campaigns, _READ),
    "profiles": _Endpoint("list_profiles", answers.list_profiles, _READ),
    "profile": _Endpoint("get_profile", answers.get_profile, _READ_OR_POST),
    "campaign_subscribers": _Endpoint("list_subscribers", answers.list_subscribers, _READ_OR_POST),
    "profile_update": _Endpoint("update_profile", answers.update_profile, _WRITE),
    "profile_opt_out": _Endpoint("opt_out", answers.opt_out, _WRITE),
}
"""What a sync uses, with the methods that are in evidence (mobile-commons-api.md 13.1)."""


def create_app(service: MobileCommons) -> Starlette:
    """Return the service under `/api`."""
    api = _Api(service)
    return Starlette(routes=[Route("/api/{endpoint}", api.respond, methods=["GET", "POST"])])


class _Api:
    """What every request has in common."""

    def __init__(self, service: MobileCommons) -> None:
        self._service = service

    async def respond(self, request: HttpRequest) -> Response:
        """Answer a request and note it in the journal."""
        endpoint = _ENDPOINTS.get(request.path_params["endpoint"])
        try:
            parameters = await _parameters(request)
        except ValueError:
            parameters = None
        operation = _operation(endpoint, parameters or {})
        user = self._user(request.headers.get("Authorization", ""))

        fault = self._service.faults.take(SERVICE, operation)
        if fault is not None and fault.latency:
            await asyncio.sleep(fault.latency)
        if fault is not None and fault.status is not None:
            response = _page(fault.status)
        elif user is None:
            response = _not_let_in(self._service.switches.settings.auth_failure)
        elif endpoint is None or request.method not in endpoint.methods:
            response = _page(404)
        elif parameters is None:
            response = _page(400)
        else:
            response = self._answer(endpoint, user, parameters)
            await self._service.between_pages.served(account=user.login, operation=operation)

        now = self._service.clock.now()
        response.headers["Date"] = format_datetime(now, usegmt=True)
        self._service.journal.received(
            Request(
                time=now,
                service=SERVICE,
                account=user.login if user else "",
                method=request.method,
                path=request.url.path,
                operation=operation,
                parameters=dict(parameters or {}),
                status=response.status_code,
            )
        )
        return response

    def _answer(self, endpoint: _Endpoint, user: User, parameters: dict[str, str]) -> Response:
        company = self._service.company_for(user, parameters.get("company"))
        try:
            self._service.check_company(user, parameters.get("company"))
            body = endpoint.answer(Call(user, company, parameters))
        except Refused as error:
            body = rendering.failure(error.identity, str(error))
        return Response(body, media_type="application/xml")

    def _user(self, authorization: str) -> User | None:
        scheme, _, credentials = authorization.partition(" ")
        credentials = credentials.strip()
        if scheme.lower() == "bearer":
            return self._service.user_by_token(credentials)
        if scheme.lower() == "basic":
            try:
                login, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return self._service.user_by_password(login, password)
        return None


async def _parameters(request: HttpRequest) -> dict[str, str]:
    """Return the parameters of query and body as one set, in which the body wins and null is absent.

    Raises:
        ValueError: the body cannot be read.
    """
    parameters = dict(request.query_params)
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        try:
            async with request.form() as form:
                parameters.update({name: text for name, text in form.items() if isinstance(text, str)})
        except HTTPException as error:
            raise ValueError("the form cannot be read") from error
    elif kind == "application/json" and (body := await request.body()):
        document = json.loads(body)
        if not isinstance(document, dict):
            raise ValueError("the body is no JSON object")
        for name, value in document.items():
            if value is not None:
                parameters[name] = value if isinstance(value, str) else json.dumps(value)
    return parameters


def _operation(endpoint: _Endpoint | None, parameters: dict[str, str]) -> str:
    if endpoint is None:
        return "unknown"
    if endpoint.operation == "list_profiles" and parameters.get("phone_number"):
        return "find_profiles"
    if endpoint.operation == "update_profile" and parameters.get("opt_in_path_id"):
        return "opt_in"
    return endpoint.operation


def _not_let_in(answer: AuthFailure) -> Response:
    """Return the answer to wrong credentials, which is no XML whatever it is (2, U2)."""
    match answer:
        case AuthFailure.UNAUTHORIZED:
            return _page(401)
        case AuthFailure.FORBIDDEN:
            return _page(403)
        case AuthFailure.REDIRECT:
            return RedirectResponse("/login", 302)
        case AuthFailure.LOGIN_PAGE:
            return _page(200)
        case _:
            assert_never(answer)


def _page(status: int) -> Response:
    """Return an error page in HTML, as the service has for all but application errors (2)."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    headers = {"WWW-Authenticate": 'Basic realm="Mobile Commons"'} if status == 401 else None
    text = f"<!DOCTYPE html>\n<html><meta charset=utf-8><body><h4>{title}</h4><p>HTTP {status}</p></body></html>\n"
    return HTMLResponse(text, status, headers=headers)
