"""What a caller wrote about a person, read from JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import phonenumbers

from anmc_simulators.action_network.person import SUBSCRIBED, UNSUBSCRIBED, Address, Person
from anmc_simulators.action_network.places import filled_in
from anmc_simulators.action_network.switches import (
    ActionNetworkSwitches,
    BadPhone,
    BadStatus,
    BlankField,
    EmailCase,
    Handling,
    UnknownField,
)

NULL_MARK: Final = "\u2400"
"""What `null` leaves in a name or an address part instead of clearing it (action-network-api.md 9)."""

_WRITABLE_STATUSES: Final = frozenset({SUBSCRIBED, UNSUBSCRIBED})
_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_IDENTIFIER: Final = re.compile(r"(?!action_network:)[^:\s]+:\S+")


class Invalid(Exception):
    """The service refuses this request with a 400; the text is what it answers."""


class BadInput(Invalid):
    """The body makes no sense, which the service may not say as a 400 (action-network-api.md 2)."""


class Failing(Exception):
    """The service fails over this request with a 500 that gives no reason."""


@dataclass(frozen=True, slots=True)
class Written:
    """The members that were sent and mean something; empty or None stands for not sent.

    `custom_fields` maps to None where a value is to be removed. `phone` is normalised; a number that cannot
    exist counts as not sent, so that only the answer shows that it is missing (action-network-api.md 6.1).
    `identifiers` are those of other systems.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    email: str = ""
    email_status: str = ""
    phone: str = ""
    sms_status: str = ""
    address: Mapping[str, Any] | None = None
    language: str = ""
    custom_fields: Mapping[str, str | None] = field(default_factory=dict)
    identifiers: tuple[str, ...] = ()


def read(document: object, settings: ActionNetworkSwitches) -> Written:
    """Read the JSON of a person.

    Raises:
        Invalid: a member has the wrong type, or a status is none of the two that can be written.
        Failing: a custom value or the number is of a kind that the settings let it fail over.
    """
    person = _object(document, "person")
    email = _first(person, "email_addresses")
    phone = _first(person, "phone_numbers")
    postal = _first(person, "postal_addresses")
    languages = person.get("languages_spoken") or [""]
    return Written(
        names={key: _text(person[key], settings) for key in ("given_name", "family_name") if key in person},
        email=_email(email.get("address"), settings),
        email_status=_status(email, settings),
        phone=_phone(str(phone.get("number") or ""), settings),
        sms_status=_status(phone, settings),
        address=postal or None,
        language=str(languages[0]) if isinstance(languages, list) and _LANGUAGE.fullmatch(str(languages[0])) else "",
        custom_fields={
            name: _custom_value(value, settings)
            for name, value in _object(person.get("custom_fields") or {}, "custom_fields").items()
        },
        identifiers=tuple(
            identifier for identifier in _list(person, "identifiers") if _IDENTIFIER.fullmatch(str(identifier))
        ),
    )


def layer(person: Person, written: Written, *, known_fields: frozenset[str], settings: ActionNetworkSwitches) -> Person:
    """Return the person with the new data over the old; contact points and identifiers are left to the caller.

    Raises:
        Failing: a custom field is unknown, and the settings let it fail over that.
    """
    custom_fields = dict(person.custom_fields)
    for name, value in written.custom_fields.items():
        if value is None:
            custom_fields.pop(name, None)
        elif name in known_fields or settings.unknown_custom_field is UnknownField.STORED:
            custom_fields[name] = value
        elif settings.unknown_custom_field is UnknownField.FAILING:
            raise Failing
    names = {"given_name": person.given_name, "family_name": person.family_name, **written.names}
    return replace(
        person,
        given_name=names["given_name"],
        family_name=names["family_name"],
        address=_address(person.address, written.address, settings),
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


def _address(address: Address, sent: Mapping[str, Any] | None, settings: ActionNetworkSwitches) -> Address:
    if sent is None:
        return address
    lines = sent.get("address_lines", address.lines) or ()
    if not isinstance(lines, list | tuple):
        raise BadInput("address_lines must be an array")
    region = sent.get("region", address.region)
    if region is None:
        region = "" if settings.null_clears else address.region
    written = Address(
        lines=tuple(str(line) for line in lines),
        locality=_text(sent.get("locality", address.locality), settings),
        region=str(region),
        postal_code=_text(sent.get("postal_code", address.postal_code), settings),
        # An address that is sent without a country is taken for one in the United States.
        country=str(sent.get("country") or "US"),
    )
    if settings.first_city_lost and address == Address():
        written = replace(written, locality="")
    return filled_in(written) if settings.geocoding else written


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{name} must be an object")
    return value


def _list(person: Mapping[str, Any], name: str) -> list[Any]:
    entries = person.get(name) or []
    if not isinstance(entries, list):
        raise BadInput(f"{name} must be an array")
    return entries


def _first(person: Mapping[str, Any], name: str) -> dict[str, Any]:
    entries = _list(person, name)
    return _object(entries[0], name) if entries else {}


def _text(value: object, settings: ActionNetworkSwitches) -> str:
    if value is None:
        return "" if settings.null_clears else NULL_MARK
    return str(value)


def _email(value: object, settings: ActionNetworkSwitches) -> str:
    address = str(value or "").strip()
    if address and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise BadInput("email address is not valid")
    return address if settings.email_case is EmailCase.AS_WRITTEN else address.lower()


def _phone(number: str, settings: ActionNetworkSwitches) -> str:
    digits = normalised(number)
    if number and not digits:
        if settings.invalid_phone is BadPhone.REFUSED:
            raise Invalid("phone number is not valid")
        if settings.invalid_phone is BadPhone.FAILING:
            raise Failing
    return digits


def _status(entry: Mapping[str, Any], settings: ActionNetworkSwitches) -> str:
    status = entry.get("status") or ""
    if status and status not in _WRITABLE_STATUSES:
        if settings.invalid_status is BadStatus.REFUSED:
            raise Invalid("status is not valid")
        return ""
    return str(status)


def _custom_value(value: object, settings: ActionNetworkSwitches) -> str | None:
    if value is None or (value == "" and settings.empty_custom_value is BlankField.REMOVED):
        return None
    if isinstance(value, str):
        return value
    if settings.non_string_custom_value is Handling.FAILING:
        raise Failing
    return json.dumps(value)
