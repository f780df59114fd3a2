"""Mobile Commons as faults and journal see it."""

from typing import assert_never

from starlette.responses import HTMLResponse, RedirectResponse, Response
from typing_extensions import override

from anmc_simulators.drift import Strangers
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.face import Face
from anmc_simulators.frame.refusal import phrase
from anmc_simulators.mobile_commons.listing import Window
from anmc_simulators.mobile_commons.pages import XmlPage
from anmc_simulators.mobile_commons.phone import normalised
from anmc_simulators.mobile_commons.records import Source
from anmc_simulators.mobile_commons.state import MobileCommons
from anmc_simulators.mobile_commons.switches import AuthFailure
from anmc_simulators.operations import Service


class MobileCommonsFace(Face):
    """Errors, pages and records of the companies."""

    service = Service.MOBILE_COMMONS

    def __init__(self, service: MobileCommons) -> None:
        self._companies = service.companies
        self._switches = service.switches
        self._strangers = Strangers()

    @override
    def error(self, status: int) -> Response:
        return error_page(status)

    @override
    def unauthorised(self, arrival: Arrival, status: int | None) -> Response:
        return error_page(status) if status else not_let_in(self._switches.settings.auth_failure)

    @override
    def read_page(self, body: bytes) -> XmlPage | None:
        return XmlPage.read(body)

    @override
    def snapshot(self, arrival: Arrival) -> object:
        company = self._companies.get(arrival.company)
        profile = (
            company.profiles.get(normalised(arrival.parameters.get("phone_number", "")) or "") if company else None
        )
        if profile is None:
            return ()
        memberships = [(row.id, row.status) for row in profile.subscriptions.values()]
        columns = {name: value.text for name, value in profile.columns.items()}
        fields = {name: text for name, text in profile.fields.items() if text}
        return fields, columns, memberships, profile.opted_out_at is not None

    @override
    def insert_record(self, arrival: Arrival) -> None:
        company = self._companies.get(arrival.company)
        if company is not None:
            phone = self._strangers.phone(is_taken=company.profiles.__contains__)
            name = {"last_name": self._strangers.family_name()}
            company.add_profile(phone, source=Source("Web"), values=name)

    @override
    def touch_record(self, arrival: Arrival, *, place: int) -> None:
        company = self._companies.get(arrival.company)
        if company is not None:
            for profile in company.profiles.page(Window(), page=place + 1, limit=1):
                company.write(profile, {"last_name": self._strangers.family_name()})


def not_let_in(answer: AuthFailure) -> Response:
    """Return the answer to wrong credentials, which is no XML whatever it is (2, U2)."""
    match answer:
        case AuthFailure.UNAUTHORIZED:
            return error_page(401)
        case AuthFailure.FORBIDDEN:
            return error_page(403)
        case AuthFailure.REDIRECT:
            return RedirectResponse("/login", 302)
        case AuthFailure.LOGIN_PAGE:
            return error_page(200)
        case _:
            assert_never(answer)


def error_page(status: int) -> Response:
    """Return an error page in HTML, as the service has for all but application errors (2)."""
    headers = {"WWW-Authenticate": 'Basic realm="Mobile Commons"'} if status == 401 else None
    title = phrase(status)
    text = f"<!DOCTYPE html>\n<html><meta charset=utf-8><body><h4>{title}</h4><p>HTTP {status}</p></body></html>\n"
    return HTMLResponse(text, status, headers=headers)
