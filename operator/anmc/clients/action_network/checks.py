"""Whether an answer says what was asked for."""

from collections.abc import Mapping

from anmc.clients.action_network.slices import Slice
from anmc.rules.records import Person, Phone


def holds_phone(person: Person, phone: Phone) -> bool:
    """Say whether a person holds exactly this number."""
    return _digits(person.number) == phone.digits


def holds_email(person: Person, email: str) -> bool:
    """Say whether a person has this address, compared without case."""
    return _folded(person.values.get("email_address")) == _folded(email)


def is_created_in(person: Person, part: Slice) -> bool:
    """Say whether a person belongs to a slice; one without a date may belong to any."""
    created = person.created_date
    return created is None or (
        (part.since is None or created >= part.since) and (part.until is None or created < part.until)
    )


def shows(person: Person, values: Mapping[str, str]) -> bool:
    """Say whether a person has every value of a write; `values` by API field name."""
    return all(_shows_one(person, name, text) for name, text in values.items())


def _shows_one(person: Person, name: str, text: str) -> bool:
    match name:
        case "phone_number":
            return _digits(person.number) == _digits(text)
        case "email_address":
            return holds_email(person, text)
        case _:
            return (person.values.get(name) or "").strip() == text.strip()


def _digits(number: str | None) -> str:
    return "".join(character for character in number or "" if character in "0123456789")


def _folded(text: str | None) -> str:
    return (text or "").strip().casefold()
