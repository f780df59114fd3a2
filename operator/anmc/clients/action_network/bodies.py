"""Bodies of the writes to Action Network (sync.md A1 to A7, I6, I7)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from anmc.clients.calls import Body
from anmc.rules.decisions import NewPerson
from anmc.rules.records import CUSTOM_FIELD, Person

_ADDRESS_LINES: Final = ("address_line_1", "address_line_2")
_ADDRESS_PARTS: Final = ("locality", "region", "postal_code", "country")
_NAMES: Final = ("given_name", "family_name")
_WRITABLE: Final = frozenset(
    {*_NAMES, *_ADDRESS_LINES, *_ADDRESS_PARTS, "email_address", "phone_number", "language_spoken"}
)

NO_EMAIL_CONSENT: Final = "unsubscribed"
"""Status of an address that is new to the list: without one the service would subscribe it (sync.md A3, A7)."""


def needs_current(values: Mapping[str, str]) -> bool:
    """Say whether an update can only be written with the person at hand.

    An address needs a status if there was none before (A7); the lines of a postal address are replaced
    together, so that one of them alone would take the other away (sync.md I12).
    """
    return "email_address" in values or len(values.keys() & set(_ADDRESS_LINES)) == 1


def update_body(values: Mapping[str, str], *, current: Person | None = None) -> Body:
    """Return the body of a PUT: `values` by API field name, nothing else (action-network-api.md 9.2).

    Raises:
        ValueError: a name that cannot be written.
    """
    known = current.values if current else {}
    person = _person(values, known)
    if email := values.get("email_address"):
        is_new = not (known.get("email_address") or "").strip()
        person["email_addresses"] = [{"address": email, **({"status": NO_EMAIL_CONSENT} if is_new else {})}]
    if number := values.get("phone_number"):
        person["phone_numbers"] = [{"number": number.removeprefix("+")}]
    return _json(person)


def with_current_email(values: Mapping[str, str], current: Person) -> Mapping[str, str]:
    """Add the address just read, which cures a 500 on a body of custom fields alone (sync.md A2)."""
    email = (current.values.get("email_address") or "").strip()
    writes_custom = any(name.startswith(CUSTOM_FIELD) for name in values)
    return {**values, "email_address": email} if email and writes_custom and "email_address" not in values else values


def creation_body(new: NewPerson) -> Body:
    """Return the body of the signup helper (A3): an address without consent, a number without status."""
    person = _person(new.values, {})
    if new.email:
        person["email_addresses"] = [{"address": new.email, "status": NO_EMAIL_CONSENT}]
    if new.digits:
        person["phone_numbers"] = [{"number": new.digits}]
    return _json({"person": person, "action_network:referrer_data": {"source": new.source_code}})


def _person(values: Mapping[str, str], known: Mapping[str, str | None]) -> dict[str, Any]:
    """Return everything but the contact points."""
    custom = {name.removeprefix(CUSTOM_FIELD): text for name, text in values.items() if name.startswith(CUSTOM_FIELD)}
    if any(name not in _WRITABLE and not name.startswith(CUSTOM_FIELD) for name in values):
        raise ValueError("a field that cannot be written to Action Network")
    person: dict[str, Any] = {name: values[name] for name in _NAMES if name in values}
    if address := _address(values, known):
        person["postal_addresses"] = [address]
    if "language_spoken" in values:
        person["languages_spoken"] = [values["language_spoken"]]
    if custom:
        person["custom_fields"] = custom
    return person


def _address(values: Mapping[str, str], known: Mapping[str, str | None]) -> dict[str, Any]:
    address: dict[str, Any] = {name: values[name] for name in _ADDRESS_PARTS if name in values}
    if values.keys() & set(_ADDRESS_LINES):
        first, second = (values.get(name, known.get(name) or "") for name in _ADDRESS_LINES)
        address["address_lines"] = [first, second] if second else [first]
    return address


def _json(content: Mapping[str, Any]) -> Body:
    return Body(json.dumps(content, ensure_ascii=False).encode(), "application/json")
