"""Lists and people as control requests name them, and people as control answers show them."""

import json
from dataclasses import replace
from typing import Annotated

from pydantic import StringConstraints
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from anmc_simulators.action_network.people import to_json
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import ActionNetwork, Group
from anmc_simulators.action_network.writes import normalised

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def find_group(service: ActionNetwork, key: str | None) -> Group:
    """Return the list of a key, which may be left out where there is one only.

    Raises:
        HTTPException: 400, no list or more than one is meant.
    """
    keys = list(service.groups)
    if key is None and len(keys) == 1:
        key = keys[0]
    if key is None:
        raise HTTPException(400, f"there are {len(keys)} groups; name one by its key")
    group = service.group_with_key(key)
    if group is None:
        raise HTTPException(400, "no group has that key")
    return group


def find_person(
    service: ActionNetwork, key: str | None, *, person_id: str | None = None, phone: str | None = None
) -> tuple[Group, Person]:
    """Return a person by id or by number, with the list.

    Raises:
        HTTPException: 400, the request names nobody; 404, nobody of the list is meant.
    """
    group = find_group(service, key)
    if person_id is not None:
        return group, existing(group.with_id(person_id))
    if phone is None:
        raise HTTPException(400, "name the person by id or phone")
    return group, existing(group.with_phone(digits(phone)))


def existing(person: Person | None) -> Person:
    """Return the person.

    Raises:
        HTTPException: 404, there is none.
    """
    if person is None:
        raise HTTPException(404, "no such person on this list")
    return person


def digits(phone: str) -> str:
    """Return a number as it is stored.

    Raises:
        HTTPException: 400, it is none.
    """
    stored = normalised(phone)
    if not stored:
        raise HTTPException(400, "phone: not a number")
    return stored


def with_custom_fields(person: Person, values: dict[str, str | None]) -> Person:
    """Return the person with some custom values; None takes one away."""
    merged = {**person.custom_fields, **values}
    return replace(person, custom_fields={name: value for name, value in merged.items() if value is not None})


def store(group: Group, person: Person, *, settled: bool = False) -> Person:
    """Store a person and return the record as stored; with `settled` as written long ago, dates as they are.

    Raises:
        HTTPException: 400, a custom field is unknown, or somebody else has the e-mail address or number.
    """
    if unknown := set(person.custom_fields) - set(group.custom_fields):
        raise HTTPException(400, f"the group has no custom field {json.dumps(min(unknown))}")
    try:
        if settled:
            group.put_settled(person)
            return person
        return group.put(person)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error


def shown(person: Person, *, status: int = 200) -> Response:
    """Return an answer with the person in the documented form, whatever the switches say."""
    return JSONResponse({"id": person.id, **to_json(person, base="/api/v2")}, status)
