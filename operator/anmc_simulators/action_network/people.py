"""A person as JSON, read and replaced in place."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, assert_never

from anmc_simulators.action_network.contacts import is_somebody_else_s, with_email, with_phone
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.places import location
from anmc_simulators.action_network.state import Group
from anmc_simulators.action_network.switches import (
    ActionNetworkSwitches,
    EmailConflict,
    Identifiers,
    NoEmail,
    NoPhone,
)
from anmc_simulators.action_network.writes import Written, layer

CURIES: Final = [
    {"name": name, "href": "https://actionnetwork.org/docs/v2/{rel}", "templated": True}
    for name in ("osdi", "action_network")
]

_LINKS: Final = {
    "osdi:attendances": "attendances",
    "osdi:signatures": "signatures",
    "osdi:submissions": "submissions",
    "osdi:donations": "donations",
    "osdi:outreaches": "outreaches",
    "osdi:taggings": "taggings",
    "action_network:responses": "responses",
}
"""Links of a person to what the simulator does not have, with the ends of their paths."""

_HREF: Final = "@"
"""Stands in the text of the links for the URL of a person; nothing else in it has that sign."""

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

AS_DOCUMENTED: Final = ActionNetworkSwitches()


def update(group: Group, person: Person, written: Written) -> Person:
    """Apply a PUT and return the record as stored: what was not sent stays (action-network-api.md 9).

    Raises:
        Failing: as for `store`.
    """
    conflict = is_somebody_else_s(group, person, written.email)
    if conflict and group.settings.email_conflict is EmailConflict.NOTHING_APPLIED:
        return person
    return store(group, person, written)


def store(group: Group, person: Person, written: Written) -> Person:
    """Store a person with what was written over what was there, and return the record as stored.

    Raises:
        Failing: a custom field is unknown, and the settings let it fail over that.
    """
    person = layer(person, written, known_fields=frozenset(group.custom_fields), settings=group.settings)
    group.add_custom_fields(person.custom_fields)
    person = group.with_identifiers(person, written.identifiers)
    person = with_email(group, person, written)
    return group.put(with_phone(group, person, written))


def to_json(person: Person, *, base: str, settings: ActionNetworkSwitches = AS_DOCUMENTED) -> dict[str, Any]:
    """Return the resource; keys of blank values are absent, `base` is the URL of the API without final slash."""
    return {**_record(person, settings), "_links": _links(href_of(person, base=base))}


def to_text(person: Person, *, base: str, settings: ActionNetworkSwitches) -> str:
    """Return `to_json` as text, in a third of the time: the links are most of it, and alike for everybody."""
    href = _JSON.encode(href_of(person, base=base))[1:-1]
    return f'{_JSON.encode(_record(person, settings))[:-1]},"_links":{_LINKS_TEXT.replace(_HREF, href)}}}'


def page_text(document: dict[str, Any], people: Iterable[str]) -> str:
    """Return a page as text: its document, and the people of `to_text` embedded in it."""
    return f'{_JSON.encode(document)[:-1]},"_embedded":{{"osdi:people":[{",".join(people)}]}}}}'


def href_of(person: Person, *, base: str) -> str:
    """Return the URL of a person."""
    return f"{base}/people/{person.id}"


def _record(person: Person, settings: ActionNetworkSwitches) -> dict[str, Any]:
    record: dict[str, Any] = {
        "identifiers": _identifiers(person, settings),
        "created_date": to_timestamp(person.created),
        "modified_date": to_timestamp(person.modified),
    }
    if person.given_name:
        record["given_name"] = person.given_name
    if person.family_name:
        record["family_name"] = person.family_name
    record |= _email_addresses(person, settings)
    record |= _phone_numbers(person, settings)
    record["postal_addresses"] = [_postal_address(person)]
    record["languages_spoken"] = [person.language]
    record["custom_fields"] = dict(person.custom_fields)
    return record


def _links(href: str) -> dict[str, dict[str, str]]:
    return {"self": {"href": href}, **{link: {"href": f"{href}/{path}"} for link, path in _LINKS.items()}}


_LINKS_TEXT: Final = _JSON.encode(_links(_HREF))


def to_timestamp(time: datetime) -> str:
    """Return ISO 8601 in UTC with whole seconds."""
    return f"{time.isoformat()[:19]}Z"


def _identifiers(person: Person, settings: ActionNetworkSwitches) -> list[str]:
    match settings.identifiers:
        case Identifiers.OWN_FIRST:
            return list(person.identifiers)
        case Identifiers.OWN_LAST:
            return list(reversed(person.identifiers))
        case Identifiers.EMPTY:
            return []
        case _:
            assert_never(settings.identifiers)


def _email_addresses(person: Person, settings: ActionNetworkSwitches) -> dict[str, Any]:
    address = {"address": person.email} if person.email else {}
    entry = {"primary": True, **address, "status": person.email_status}
    if person.email or settings.no_email is NoEmail.ENTRY_WITHOUT_ADDRESS:
        return {"email_addresses": [entry]}
    return {} if settings.no_email is NoEmail.ABSENT else {"email_addresses": []}


def _phone_numbers(person: Person, settings: ActionNetworkSwitches) -> dict[str, Any]:
    number: dict[str, str | None] = {"number": person.phone} if person.phone else {}
    if not person.phone:
        match settings.no_phone:
            case NoPhone.ABSENT:
                return {}
            case NoPhone.EMPTY_LIST:
                return {"phone_numbers": []}
            case NoPhone.NULL_NUMBER:
                number = {"number": None}
            case NoPhone.EMPTY_NUMBER:
                number = {"number": ""}
            case NoPhone.ENTRY_WITHOUT_NUMBER:
                # Without a phone the entry is still there, only its number is not (action-network-api.md 6).
                pass
            case _:
                assert_never(settings.no_phone)
    return {
        "phone_numbers": [{"primary": True, **number, "number_type": "Mobile", "status": person.sms_status}],
    }


def _postal_address(person: Person) -> dict[str, Any]:
    address = person.address
    parts = {
        "address_lines": list(address.lines),
        "locality": address.locality,
        "postal_code": address.postal_code,
    }
    return {
        "primary": True,
        **{key: part for key, part in parts.items() if part},
        "region": address.region,
        "country": address.country,
        "location": location(address),
    }
