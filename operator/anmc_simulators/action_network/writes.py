"""What a caller wrote about a person, read from JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import phonenumbers

from anmc_simulators.action_network.person import SUBSCRIBED, UNSUBSCRIBED, Address, Person

NULL_MARK: Final = "\u2400"
"""What `null` leaves in a name or an address part instead of clearing it (action-network-api.md 9)."""

_WRITABLE_STATUSES: Final = frozenset({SUBSCRIBED, UNSUBSCRIBED})
_LANGUAGE: Final = re.compile(r"[a-z]{2}")


class Invalid(Exception):
    """The service refuses this body with a 400; the text is what it answers."""


@dataclass(frozen=True, slots=True)
class Written:
    """The members that were sent and mean something; empty or None stands for not sent.

    `custom_fields` maps to None where `null` asks for removal. `phone` is normalised; a number that cannot
    exist counts as not sent, so that only the answer shows that it is missing (action-network-api.md 6.1).
    """

    names: Mapping[str, str] = field(default_factory=dict)
    email: str = ""
    email_status: str = ""
    phone: str = ""
    sms_status: str = ""
    address: Mapping[str, Any] | None = None
    language: str = ""
    custom_fields: Mapping[str, str | None] = field(default_factory=dict)


def read(document: object) -> Written:
    """Read the JSON of a person.

    Raises:
        Invalid: a member has the wrong type, or a status is none of the two that can be written.
    """
    person = _object(document, "person")
    email = _first(person, "email_addresses")
    phone = _first(person, "phone_numbers")
    postal = _first(person, "postal_addresses")
    languages = person.get("languages_spoken") or [""]
    return Written(
        names={key: _text(person[key]) for key in ("given_name", "family_name") if key in person},
        email=_email(email.get("address")),
        email_status=_status(email),
        phone=normalised(str(phone.get("number") or "")),
        sms_status=_status(phone),
        address=postal or None,
        language=str(languages[0]) if isinstance(languages, list) and _LANGUAGE.fullmatch(str(languages[0])) else "",
        custom_fields={
            name: None if value is None else _as_string(value)
            for name, value in _object(person.get("custom_fields") or {}, "custom_fields").items()
        },
    )


def layer(person: Person, written: Written, *, known_fields: frozenset[str]) -> Person:
    """Return the person with the new data over the old; contact points are left to the caller.

    Custom fields that the group does not have are dropped without a message, the cautious reading of what
    is not established (action-network-api.md 10.1).
    """
    custom_fields = dict(person.custom_fields)
    for name, value in written.custom_fields.items():
        if value is None:
            custom_fields.pop(name, None)
        elif name in known_fields:
            custom_fields[name] = value
    names = {"given_name": person.given_name, "family_name": person.family_name, **written.names}
    return replace(
        person,
        given_name=names["given_name"],
        family_name=names["family_name"],
        address=_address(person.address, written.address),
        language=written.language or person.language,
        custom_fields=custom_fields,
    )


def normalised(number: str) -> str:
    """Return digits with country code, the empty string for what cannot be a number.

    Input is national for the United States or international, with or without plus
    (action-network-api.md 6.1). A valid reading wins over one of merely possible length.
    """
    readings = [parsed for text, region in ((number, "US"), (f"+{number}", None)) if (parsed := _parse(text, region))]
    for is_number in (phonenumbers.is_valid_number, phonenumbers.is_possible_number):
        for parsed in readings:
            if is_number(parsed):
                return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return ""


def _parse(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _address(address: Address, sent: Mapping[str, Any] | None) -> Address:
    if sent is None:
        return address
    lines = sent.get("address_lines", address.lines) or ()
    return Address(
        lines=tuple(str(line) for line in lines),
        locality=_text(sent.get("locality", address.locality)),
        # `null` cannot clear the region.
        region=address.region if sent.get("region") is None else str(sent["region"]),
        postal_code=_text(sent.get("postal_code", address.postal_code)),
        # An address that is sent without a country is taken for one in the United States.
        country=str(sent.get("country") or "US"),
    )


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"{name} must be an object")
    return value


def _first(person: Mapping[str, Any], name: str) -> dict[str, Any]:
    entries = person.get(name) or []
    if not isinstance(entries, list):
        raise Invalid(f"{name} must be an array")
    return _object(entries[0], name) if entries else {}


def _text(value: object) -> str:
    return NULL_MARK if value is None else str(value)


def _email(value: object) -> str:
    address = str(value or "").strip().lower()
    if address and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise Invalid("email address is not valid")
    return address


def _status(entry: Mapping[str, Any]) -> str:
    status = entry.get("status") or ""
    if status and status not in _WRITABLE_STATUSES:
        raise Invalid("status is not valid")
    return str(status)


def _as_string(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
