"""Acting as a person or as staff in Action Network's user interface."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anmc_simulators.action_network import acts
from anmc_simulators.action_network.named import (
    Name,
    digits,
    existing,
    find_group,
    find_person,
    shown,
    store,
    with_custom_fields,
)
from anmc_simulators.action_network.person import SUBSCRIBED, Person
from anmc_simulators.action_network.state import TICKED, UNTICKED, ActionNetwork, Group
from anmc_simulators.action_network.switches import EmailCase
from anmc_simulators.bodies import Body, read
from anmc_simulators.steps import in_steps

_PREFIX = "/action-network"


class _GroupBody(Body):
    """A list; `personal` says that it is the one of a personal account, and counts when it is created."""

    key: Name
    name: Name = "Example Group"
    custom_fields: list[Name] = Field(default_factory=list)
    personal: bool = False


class _KeyBody(Body):
    key: Name


class _ReplaceKeyBody(Body):
    key: Name
    new_key: Name


class _EditBody(Body):
    """What staff can change on a record; a member that is not sent stays, the empty string blanks it."""

    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    email_status: Name | None = None
    phone: str | None = None
    sms_status: Name | None = None
    locality: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: Name | None = None
    custom_fields: dict[Name, str | None] = Field(default_factory=dict)
    key: Name | None = None


class _AddBody(_EditBody):
    """A new record; an `id` puts somebody from the list of another key on this one, `days_ago` makes it an old one."""

    id: UUID | None = None
    days_ago: float = Field(default=0, ge=0, le=36_500)


def routes(service: ActionNetwork) -> list[Route]:
    """Return the control routes of this service, to be mounted under `/_sim`."""
    control = _Control(service)
    people, person = f"{_PREFIX}/people", f"{_PREFIX}/people/{{id}}"
    return [
        Route(f"{_PREFIX}/groups", control.add_group, methods=["POST"]),
        Route(f"{_PREFIX}/replace-key", control.replace_key, methods=["POST"]),
        Route(f"{_PREFIX}/revoke-key", control.revoke_key, methods=["POST"]),
        Route(f"{_PREFIX}/summary", control.summary, methods=["GET"]),
        Route(people, control.find, methods=["GET"]),
        Route(people, control.add, methods=["POST"]),
        Route(person, control.get, methods=["GET"]),
        Route(person, control.edit, methods=["POST"]),
        Route(person, control.delete, methods=["DELETE"]),
        *acts.routes(service),
    ]


class _Control:
    """One method for each act; the answer shows the record as it then is."""

    def __init__(self, service: ActionNetwork) -> None:
        self._service = service

    async def add_group(self, request: Request) -> Response:
        """Create a key with its list, or custom fields on the list of an existing key."""
        body = await read(request, _GroupBody)
        group = self._service.add_group(
            body.key, name=body.name, custom_fields=body.custom_fields, personal=body.personal
        )
        return JSONResponse({"key": body.key, "name": group.name, "custom_fields": list(group.custom_fields)})

    async def replace_key(self, request: Request) -> Response:
        """Revoke a key; its list is open to the new key only."""
        body = await read(request, _ReplaceKeyBody)
        find_group(self._service, body.key)
        try:
            self._service.replace_key(body.key, by=body.new_key)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse({"key": body.new_key})

    async def revoke_key(self, request: Request) -> Response:
        """Revoke a key for good, and its list with it."""
        body = await read(request, _KeyBody)
        find_group(self._service, body.key)
        self._service.revoke_key(body.key)
        return JSONResponse({"revoked": body.key})

    async def summary(self, _request: Request) -> Response:
        """Count the people of each list."""
        groups = list(self._service.groups.items())
        return JSONResponse({"groups": [await _summary(key, group) for key, group in groups]})

    async def find(self, request: Request) -> Response:
        """Return who holds `phone` or `email` at this moment, whatever filters may see yet."""
        group = find_group(self._service, request.query_params.get("key"))
        if "phone" in request.query_params:
            person = group.with_phone(digits(request.query_params["phone"]))
        elif "email" in request.query_params:
            person = group.with_email(request.query_params["email"])
        else:
            raise HTTPException(400, "name the person by ?phone= or ?email=")
        return shown(existing(person))

    async def add(self, request: Request) -> Response:
        """Add a person by hand."""
        body = await read(request, _AddBody)
        group = find_group(self._service, body.key)
        if body.id and group.with_identifier(f"action_network:{body.id}"):
            raise HTTPException(400, "somebody on this list has that id")
        created = self._service.clock.now() - timedelta(days=body.days_ago)
        draft = group.draft(person_id=str(body.id) if body.id else None, created=created)
        person = _edited(group, draft, body)
        return shown(store(group, person, settled=body.days_ago > 0), status=201)

    async def get(self, request: Request) -> Response:
        """Return one person."""
        _, person = find_person(self._service, request.query_params.get("key"), person_id=request.path_params["id"])
        return shown(person)

    async def edit(self, request: Request) -> Response:
        """Change a record by hand."""
        body = await read(request, _EditBody)
        group, person = find_person(self._service, body.key, person_id=request.path_params["id"])
        return shown(store(group, _edited(group, person, body)))

    async def delete(self, request: Request) -> Response:
        """Delete a record for good."""
        group, person = find_person(self._service, request.query_params.get("key"), person_id=request.path_params["id"])
        group.remove(person)
        return JSONResponse({"deleted": person.id})


def _edited(group: Group, person: Person, body: _EditBody) -> Person:
    """Return the person as staff left it; a first address or number gets the status of a manual addition."""
    sent = body.model_dump(exclude_none=True, exclude={"custom_fields", "key", "id", "days_ago"})
    address = {name: sent.pop(name) for name in ("locality", "region", "postal_code", "country") if name in sent}
    if "email" in sent:
        if group.settings.email_case is not EmailCase.AS_WRITTEN:
            sent["email"] = sent["email"].lower()
        if sent["email"] and not person.email:
            sent.setdefault("email_status", SUBSCRIBED)
    if sent.get("phone"):
        sent["phone"] = digits(sent["phone"])
    person = replace(person, **sent, address=replace(person.address, **address))
    return with_custom_fields(person, body.custom_fields)


async def _summary(key: str, group: Group) -> dict[str, Any]:
    values = {name: Counter[str]() for name in group.custom_fields}
    sms: Counter[str] = Counter()
    with_email = 0
    async for person in in_steps(group):
        sms[person.sms_status if person.phone else "no phone"] += 1
        with_email += bool(person.email)
        for name, value in person.custom_fields.items():
            values.setdefault(name, Counter())[value] += 1
    return {
        "key": key,
        "name": group.name,
        "people": len(group),
        "with_email": with_email,
        "sms": dict(sms),
        # Values of a free-text field would be a list of the people; the checkbox is what is of interest.
        "custom_fields": {
            name: {"ticked": counts[TICKED], "unticked": counts[UNTICKED], "set": counts.total()}
            for name, counts in values.items()
        },
    }
