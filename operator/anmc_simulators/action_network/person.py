"""One person on a list, as Action Network stores it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, assert_never

SUBSCRIBED: Final = "subscribed"
UNSUBSCRIBED: Final = "unsubscribed"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Field(StrEnum):
    """The nine fields of a person that can be filtered (action-network-api.md 5)."""

    IDENTIFIER = "identifier"
    CREATED_DATE = "created_date"
    MODIFIED_DATE = "modified_date"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    EMAIL_ADDRESS = "email_address"
    PHONE_NUMBER = "phone_number"
    REGION = "region"
    POSTAL_CODE = "postal_code"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; the empty string means that the part is blank."""

    lines: tuple[str, ...] = ()
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = "US"


@dataclass(frozen=True, slots=True)
class Person:
    """A person; `phone` holds digits with country code, `email` is in lower case, blank means none.

    `position` is the place in the list's order of insertion, in which pages are served.
    """

    id: str
    position: int
    created: datetime
    modified: datetime
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    email_status: str = UNSUBSCRIBED
    phone: str = ""
    sms_status: str = UNSUBSCRIBED
    address: Address = Address()
    language: str = "en"
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    foreign_identifiers: tuple[str, ...] = ()

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Return every identifier with its system's prefix, Action Network's own first."""
        return (f"action_network:{self.id}", *self.foreign_identifiers)

    def values(self, of: Field) -> tuple[str | datetime, ...]:
        """Return what a filter compares: nothing for a blank field, several for identifiers."""
        match of:
            case Field.IDENTIFIER:
                return self.identifiers
            case Field.CREATED_DATE:
                return (self.created,)
            case Field.MODIFIED_DATE:
                return (self.modified,)
            case Field.FAMILY_NAME:
                text = self.family_name
            case Field.GIVEN_NAME:
                text = self.given_name
            case Field.EMAIL_ADDRESS:
                text = self.email
            case Field.PHONE_NUMBER:
                text = self.phone
            case Field.REGION:
                text = self.address.region
            case Field.POSTAL_CODE:
                text = self.address.postal_code
            case _:
                assert_never(of)
        return (text,) if text else ()

    def differs_beyond_status(self, other: "Person") -> bool:
        """Tell whether more than subscription statuses tells the two apart (action-network-api.md 6.3)."""
        return _without_status(self) != _without_status(other)


def _without_status(person: Person) -> Person:
    return replace(person, sms_status="", email_status="", modified=_EPOCH)
