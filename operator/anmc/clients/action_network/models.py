"""Answers of Action Network: tolerant of what is unknown, strict about what is used."""

import math
import re
from datetime import datetime
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from anmc.clients.calls import Answer
from anmc.clients.failures import Unreadable
from anmc.clients.times import read_time
from anmc.rules.records import CUSTOM_FIELD, Person, PersonId

_OWN_PREFIX: Final = "action_network:"
"""Marks Action Network's own among the identifiers of a person."""

_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
"""What may stand as one segment of a path; ids are UUIDs, but nothing here depends on it."""


_SHOWN_ID: Final = re.compile(rb'"action_network:([0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})"')
"""How an id stands among the identifiers of a person."""


def person_id(text: str) -> PersonId | None:
    """Return an id in its canonical form; None for text that no person can have as an id."""
    bare = text.strip().lower().removeprefix(_OWN_PREFIX)
    return PersonId(bare) if _ID.fullmatch(bare) else None


def _text(value: object) -> object:
    """Show a scalar as text; every value of a person is a string by the contract.

    Raises:
        ValueError: no number, which JSON has no word for and some parsers take.
    """
    match value:
        case bool():
            return "1" if value else "0"
        case float() if not math.isfinite(value):
            raise ValueError
        case int() | float():
            return str(value)
        case _:
            return value


def _scalars(value: object) -> object:
    # A nested custom field cannot be carried and must not stop the page; it is left out, as if it were absent.
    return {k: v for k, v in value.items() if not isinstance(v, dict | list)} if isinstance(value, dict) else value


def _time(value: object) -> object:
    return read_time(value) if isinstance(value, str) else None


def _some(value: object) -> object:
    return [] if value is None else value


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _own_link(value: object) -> str:
    own = value.get("self") if isinstance(value, dict) else None
    href = own.get("href") if isinstance(own, dict) else None
    return href if isinstance(href, str) else ""


Text = Annotated[str | None, BeforeValidator(_text)]
Time = Annotated[datetime | None, BeforeValidator(_time)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    @classmethod
    def read(cls, answer: Answer) -> Self:
        """Read an answer.

        Raises:
            Unreadable: it is no such answer.
        """
        try:
            return cls.model_validate_json(answer.body)
        except ValidationError:
            pass  # raised below, outside of the handler: the library's error quotes the answer
        raise Unreadable

    @classmethod
    def of(cls, value: object) -> Self | None:
        """Read a part of an answer; None if it is no such thing."""
        try:
            return cls.model_validate(value)
        except ValidationError:
            return None


class _Email(_Model):
    primary: bool | None = None
    address: Text = None


class _PhoneNumber(_Model):
    primary: bool | None = None
    number: Text = None
    status: Text = None


class _Address(_Model):
    primary: bool | None = None
    address_lines: Annotated[list[Text], BeforeValidator(_some)] = []
    locality: Text = None
    region: Text = None
    postal_code: Text = None
    country: Text = None


class _Named(_Model):
    """What names a person (action-network-api.md 6), also one that is no person otherwise."""

    identifiers: Annotated[list[str], BeforeValidator(_texts)] = []
    own_link: Annotated[str, BeforeValidator(_own_link)] = Field(default="", alias="_links")

    def id(self) -> PersonId | None:
        """Return the id: of the identifiers, or of the link to itself; None when nothing names the person."""
        own = next((text for text in self.identifiers if text.startswith(_OWN_PREFIX)), None)
        return person_id(own or self.own_link.rstrip("/").rpartition("/")[2])


class PersonAnswer(_Named):
    """One person (action-network-api.md 6); every key is optional there."""

    created_date: Time = None
    modified_date: Time = None
    given_name: Text = None
    family_name: Text = None
    email_addresses: Annotated[list[_Email], BeforeValidator(_some)] = []
    phone_numbers: Annotated[list[_PhoneNumber], BeforeValidator(_some)] = []
    postal_addresses: Annotated[list[_Address], BeforeValidator(_some)] = []
    languages_spoken: Annotated[list[Text], BeforeValidator(_some)] = []
    custom_fields: Annotated[dict[str, Text] | None, BeforeValidator(_scalars)] = None

    def to_person(self) -> Person | None:
        """Return the person as the rules see it; None when nothing names it."""
        own_id = self.id()
        if own_id is None:
            return None
        phone = _primary(self.phone_numbers)
        return Person(
            id=own_id,
            created_date=self.created_date,
            modified_date=self.modified_date,
            number=(phone.number or None) if phone else None,
            sms_status=phone.status if phone else None,
            values=self._values(),
        )

    def _values(self) -> dict[str, str | None]:
        """Return texts by API field name; a key that the answer lacks is absent here too (sync.md F9)."""
        values = _present(self, "given_name", "family_name")
        email = _primary(self.email_addresses)
        if email is not None and "address" in email.model_fields_set:
            values["email_address"] = email.address
        address = _primary(self.postal_addresses)
        if address is not None:
            values |= _present(address, "locality", "region", "postal_code", "country")
            values |= dict(zip(("address_line_1", "address_line_2"), address.address_lines, strict=False))
        if self.languages_spoken:
            values["language_spoken"] = self.languages_spoken[0]
        return values | {f"{CUSTOM_FIELD}{name}": text for name, text in (self.custom_fields or {}).items()}


def _present(model: _Model, *names: str) -> dict[str, str | None]:
    return {name: getattr(model, name) for name in names if name in model.model_fields_set}


E = TypeVar("E", _Email, _PhoneNumber, _Address)


def _primary(entries: list[E]) -> E | None:
    return next((entry for entry in entries if entry.primary), entries[0] if entries else None)


class _PageLinks(_Model):
    next: Any = None


class _Embedded(_Model):
    people: Annotated[list[Any], BeforeValidator(_some)] = Field(default=[], alias="osdi:people")


class PeoplePage(_Model):
    """A page of people (action-network-api.md 4).

    The links are required: without them an empty object would pass for the end of a walk.
    """

    links: _PageLinks = Field(alias="_links")
    embedded: _Embedded | None = Field(default=None, alias="_embedded")

    @property
    def has_next(self) -> bool:
        """Whether the service says that there is more; where it points is never followed."""
        return bool(self.links.next)

    def people(self) -> tuple[tuple[Person, ...], dict[int, str | None]]:
        """Return the people in the order served; then, by place from 0, the ids of those that cannot be read.

        One member of a person that is not what it should be spoils that person alone; without an id there is none.
        """
        people: list[Person] = []
        unreadable: dict[int, str | None] = {}
        for place, entry in enumerate(self.embedded.people if self.embedded else ()):
            answer = PersonAnswer.of(entry)
            if answer is not None and (person := answer.to_person()) is not None:
                people.append(person)
            else:
                named = _Named.of(entry)
                unreadable[place] = named.id() if named else None
        return tuple(people), unreadable


def find_id(damaged: bytes) -> PersonId | None:
    """Return the id of the only person in an answer that cannot be parsed; None if it shows none, or several."""
    shown = {person_id(match.decode()) for match in _SHOWN_ID.findall(damaged)}
    return shown.pop() if len(shown) == 1 else None


class _CustomField(_Model):
    name: str


class CustomFields(_Model):
    """The metadata of custom fields (action-network-api.md 10.1); without its list it says nothing."""

    fields: list[_CustomField] = Field(alias="action_network:custom_fields")
