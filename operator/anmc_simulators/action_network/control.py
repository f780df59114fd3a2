"""Acting as a person or as staff in Action Network's user interface."""

import json
from collections import Counter
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anmc_simulators.action_network.people import to_json
from anmc_simulators.action_network.person import SUBSCRIBED, Person
from anmc_simulators.action_network.state import TICKED, UNTICKED, ActionNetwork, Group
from anmc_simulators.action_network.writes import normalised
from anmc_simulators.bodies import Body, read
from anmc_simulators.steps import in_steps

_PREFIX = "/action-network"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _GroupBody(Body):
    key: Name
    name: Name = "Example Group"
    custom_fields: list[Name] = Field(default_factory=list)


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


class _TickBody(Body):
    """A checkbox; true and false are a ticked and an unticked box, a string is stored as it is, null is absent."""

    field: Name
    value: bool | str | None = True
    id: Name | None = None
    phone: Name | None = None
    key: Name | None = None


def routes(service: ActionNetwork) -> list[Route]:
    """Return the control routes of this service, to be mounted under `/_sim`."""
    control = _Control(service)
    people, person = f"{_PREFIX}/people", f"{_PREFIX}/people/{{id}}"
    return [
        Route(f"{_PREFIX}/groups", control.add_group, methods=["POST"]),
        Route(f"{_PREFIX}/replace-key", control.replace_key, methods=["POST"]),
        Route(f"{_PREFIX}/summary", control.summary, methods=["GET"]),
        Route(people, control.find, methods=["GET"]),
        Route(people, control.add, methods=["POST"]),
        Route(person, control.get, methods=["GET"]),
        Route(person, control.edit, methods=["POST"]),
        Route(person, control.delete, methods=["DELETE"]),
        Route(f"{_PREFIX}/tick", control.tick, methods=["POST"]),
    ]


class _Control:
    """One method for each act; the answer shows the record as it then is."""

    def __init__(self, service: ActionNetwork) -> None:
        self._service = service

    async def add_group(self, request: Request) -> Response:
        """Create a key with its list, or custom fields on the list of an existing key."""
        body = await read(request, _GroupBody)
        group = self._service.add_group(body.key, name=body.name, custom_fields=body.custom_fields)
        return JSONResponse({"key": body.key, "name": group.name, "custom_fields": list(group.custom_fields)})

    async def replace_key(self, request: Request) -> Response:
        """Revoke a key; its list is open to the new key only."""
        body = await read(request, _ReplaceKeyBody)
        self._group(body.key)
        try:
            self._service.replace_key(body.key, by=body.new_key)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse({"key": body.new_key})

    async def summary(self, _request: Request) -> Response:
        """Count the people of each list."""
        groups = list(self._service.groups.items())
        return JSONResponse({"groups": [await _summary(key, group) for key, group in groups]})

    async def find(self, request: Request) -> Response:
        """Return who holds `phone` or `email` at this moment, whatever filters may see yet."""
        group = self._group(request.query_params.get("key"))
        if "phone" in request.query_params:
            person = group.with_phone(_digits(request.query_params["phone"]))
        elif "email" in request.query_params:
            person = group.with_email(request.query_params["email"].lower())
        else:
            raise HTTPException(400, "name the person by ?phone= or ?email=")
        return _shown(_existing(person))

    async def add(self, request: Request) -> Response:
        """Add a person by hand."""
        body = await read(request, _EditBody)
        group = self._group(body.key)
        return _shown(_store(group, _edited(group.draft(), body)), status=201)

    async def get(self, request: Request) -> Response:
        """Return one person."""
        _, person = self._person(request.query_params.get("key"), person_id=request.path_params["id"])
        return _shown(person)

    async def edit(self, request: Request) -> Response:
        """Change a record by hand."""
        body = await read(request, _EditBody)
        group, person = self._person(body.key, person_id=request.path_params["id"])
        return _shown(_store(group, _edited(person, body)))

    async def delete(self, request: Request) -> Response:
        """Delete a record for good."""
        group, person = self._person(request.query_params.get("key"), person_id=request.path_params["id"])
        group.remove(person)
        return JSONResponse({"deleted": person.id})

    async def tick(self, request: Request) -> Response:
        """Set a checkbox field as a form would."""
        body = await read(request, _TickBody)
        group, person = self._person(body.key, person_id=body.id, phone=body.phone)
        value = {True: TICKED, False: UNTICKED}[body.value] if isinstance(body.value, bool) else body.value
        _check_fields(group, {body.field})
        return _shown(_store(group, _with_custom_fields(person, {body.field: value})))

    def _group(self, key: str | None) -> Group:
        groups = self._service.groups
        if key is None and len(groups) == 1:
            return next(iter(groups.values()))
        if key is None:
            raise HTTPException(400, f"there are {len(groups)} groups; name one by its key")
        if key not in groups:
            raise HTTPException(400, "no group has that key")
        return groups[key]

    def _person(
        self, key: str | None, *, person_id: str | None = None, phone: str | None = None
    ) -> tuple[Group, Person]:
        group = self._group(key)
        if person_id is not None:
            return group, _existing(group.with_id(person_id))
        if phone is None:
            raise HTTPException(400, "name the person by id or phone")
        return group, _existing(group.with_phone(_digits(phone)))


def _edited(person: Person, body: _EditBody) -> Person:
    """Return the person as staff left it; a first address or number gets the status of a manual addition."""
    sent = body.model_dump(exclude_none=True, exclude={"custom_fields", "key"})
    address = {name: sent.pop(name) for name in ("locality", "region", "postal_code", "country") if name in sent}
    if "email" in sent:
        sent["email"] = sent["email"].lower()
        if sent["email"] and not person.email:
            sent.setdefault("email_status", SUBSCRIBED)
    if sent.get("phone"):
        sent["phone"] = _digits(sent["phone"])
    person = replace(person, **sent, address=replace(person.address, **address))
    return _with_custom_fields(person, body.custom_fields)


def _with_custom_fields(person: Person, values: dict[str, str | None]) -> Person:
    merged = {**person.custom_fields, **values}
    return replace(person, custom_fields={name: value for name, value in merged.items() if value is not None})


def _store(group: Group, person: Person) -> Person:
    _check_fields(group, set(person.custom_fields))
    try:
        return group.put(person)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error


def _check_fields(group: Group, names: set[str]) -> None:
    if unknown := names - set(group.custom_fields):
        raise HTTPException(400, f"the group has no custom field {json.dumps(min(unknown))}")


def _digits(phone: str) -> str:
    digits = normalised(phone)
    if not digits:
        raise HTTPException(400, "phone: not a number")
    return digits


def _existing(person: Person | None) -> Person:
    if person is None:
        raise HTTPException(404, "no such person on this list")
    return person


def _shown(person: Person, *, status: int = 200) -> Response:
    return JSONResponse({"id": person.id, **to_json(person, base="/api/v2")}, status)


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
