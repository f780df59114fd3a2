"""The HTTP face of Mobile Commons: routes, log-ins, parameters."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.frame import Frame
from anmc_simulators.frame.traffic import Traffic
from anmc_simulators.mobile_commons import answers, rendering
from anmc_simulators.mobile_commons.answers import Answer, Call
from anmc_simulators.mobile_commons.face import MobileCommonsFace, error_page, not_let_in
from anmc_simulators.mobile_commons.records import User
from anmc_simulators.mobile_commons.refusal import Refused
from anmc_simulators.mobile_commons.state import MobileCommons
from anmc_simulators.operations import UNKNOWN, Service

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


def create_app(service: MobileCommons, traffic: Traffic | None = None) -> Starlette:
    """Return the service under `/api`; without a traffic of its own there are its faults, and no limits."""
    api = _Api(service, traffic or Traffic(service.clock, service.journal, service.faults))
    return Starlette(routes=[Route("/api/{endpoint}", api.respond, methods=["GET", "POST"])])


class _Api:
    """What every request has in common."""

    def __init__(self, service: MobileCommons, traffic: Traffic) -> None:
        self._service = service
        self._frame = Frame(traffic, MobileCommonsFace(service))

    async def respond(self, request: HttpRequest) -> Response:
        """Answer a request."""
        endpoint = _ENDPOINTS.get(request.path_params["endpoint"])
        try:
            parameters = await _parameters(request)
        except ValueError:
            parameters = None
        user = self._user(request.headers.get("Authorization", ""))
        arrival = Arrival(
            service=Service.MOBILE_COMMONS,
            operation=_operation(endpoint, parameters or {}),
            account=user.login if user else "",
            method=request.method,
            path=request.url.path,
            parameters=parameters or {},
            company=self._service.company_for(user, (parameters or {}).get("company")).key if user else "",
        )

        async def handle(arrival: Arrival) -> Response:
            if user is None:
                return not_let_in(self._service.switches.settings.auth_failure)
            if endpoint is None or request.method not in endpoint.methods:
                return error_page(404)
            if parameters is None:
                return error_page(400)
            response = self._answer(endpoint, user, arrival)
            await self._service.between_pages.served(account=user.login, operation=arrival.operation)
            return response

        return await self._frame.serve(request, arrival, handle)

    def _answer(self, endpoint: _Endpoint, user: User, arrival: Arrival) -> Response:
        try:
            self._service.check_company(user, arrival.parameters.get("company"))
            body = endpoint.answer(Call(user, self._service.companies[arrival.company], arrival.parameters))
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
        return UNKNOWN
    if endpoint.operation == "list_profiles" and parameters.get("phone_number"):
        return "find_profiles"
    if endpoint.operation == "update_profile" and parameters.get("opt_in_path_id"):
        return "opt_in"
    return endpoint.operation
