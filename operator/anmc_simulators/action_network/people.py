"""A person as JSON, read and replaced in place."""

from datetime import datetime
from typing import Any, Final

from anmc_simulators.action_network.contacts import with_email, with_phone
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import Group
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


def update(group: Group, person: Person, written: Written) -> Person:
    """Apply a PUT and return the record as stored: what was not sent stays (action-network-api.md 9)."""
    person = layer(person, written, known_fields=frozenset(group.custom_fields))
    person = with_email(group, person, written)
    return group.put(with_phone(group, person, written))


def to_json(person: Person, *, base: str) -> dict[str, Any]:
    """Return the resource; keys of blank values are absent, `base` is the URL of the API without final slash."""
    names = {"given_name": person.given_name, "family_name": person.family_name}
    href = f"{base}/people/{person.id}"
    return {
        "identifiers": list(person.identifiers),
        "created_date": to_timestamp(person.created),
        "modified_date": to_timestamp(person.modified),
        **{key: name for key, name in names.items() if name},
        "email_addresses": _email_addresses(person),
        "phone_numbers": [_phone_number(person)],
        "postal_addresses": [_postal_address(person)],
        "languages_spoken": [person.language],
        "custom_fields": dict(person.custom_fields),
        "_links": {
            "self": {"href": href},
            **{link: {"href": f"{href}/{path}"} for link, path in _LINKS.items()},
        },
    }


def to_timestamp(time: datetime) -> str:
    """Return ISO 8601 in UTC with whole seconds."""
    return f"{time.isoformat()[:19]}Z"


def _email_addresses(person: Person) -> list[dict[str, Any]]:
    if not person.email:
        return []
    return [{"primary": True, "address": person.email, "status": person.email_status}]


def _phone_number(person: Person) -> dict[str, Any]:
    # Without a phone the entry is still there, only its number is not (action-network-api.md 6).
    number = {"number": person.phone} if person.phone else {}
    return {"primary": True, **number, "number_type": "Mobile", "status": person.sms_status}


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
        "location": {"latitude": 0, "longitude": 0, "accuracy": "Approximate"},
    }
