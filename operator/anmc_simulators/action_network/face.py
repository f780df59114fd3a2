"""Action Network as faults and journal see it."""

from dataclasses import replace

from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.action_network import answers
from anmc_simulators.action_network.pages import HalPage
from anmc_simulators.action_network.state import ActionNetwork
from anmc_simulators.action_network.writes import Invalid, read
from anmc_simulators.drift import Strangers
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.face import Face
from anmc_simulators.operations import Service


class ActionNetworkFace(Face):
    """Errors, pages and records of the lists."""

    service = Service.ACTION_NETWORK

    def __init__(self, service: ActionNetwork) -> None:
        self._service = service
        self._strangers = Strangers()

    @override
    def error(self, status: int) -> Response:
        return answers.error(status, "Too many requests" if status == 429 else "fault injected")

    @override
    def unauthorised(self, arrival: Arrival, status: int | None) -> Response:
        refusal = answers.refused_key(arrival.method, arrival.account, self._service.switches.settings)
        if status is not None:
            refusal.status_code = status
        return refusal

    @override
    def read_page(self, body: bytes) -> HalPage | None:
        return HalPage.read(body)

    @override
    def snapshot(self, arrival: Arrival) -> object:
        group = self._service.group_with_key(arrival.account)
        if group is None:
            return ()
        if arrival.parameters.get("background_request") == "true":
            return None
        if arrival.method != "POST":
            return (group.with_id(arrival.path.rstrip("/").rpartition("/")[2]),)
        try:
            written = read(arrival.body.get("person") if isinstance(arrival.body, dict) else None, group.settings)
        except Invalid:
            return ()
        return group.with_email(written.email), group.with_phone(written.phone)

    @override
    def insert_record(self, arrival: Arrival) -> None:
        group = self._service.groups.get(arrival.account)
        if group is not None:
            phone = self._strangers.phone(is_taken=lambda number: group.with_phone(number) is not None)
            group.put(replace(group.draft(), family_name=self._strangers.family_name(), phone=phone))

    @override
    def touch_record(self, arrival: Arrival, *, place: int) -> None:
        group = self._service.groups.get(arrival.account)
        if group is not None:
            for person in group.page((), page=place + 1, size=1):
                group.put(replace(person, family_name=self._strangers.family_name()))
