"""Invented people: the same number invents the same people, with names, addresses, numbers nobody has."""

import functools
import itertools
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers

GIVEN_NAMES: Final = (
    "Ada", "Ana", "Ben", "Chidi", "Dalia", "Emre", "Farah", "Grace", "Hugo", "Imani", "Jonas", "Kenji", "Leila",
    "Mateo", "Noor", "Olga", "Priya", "Quinn", "Rosa", "Sam", "Tariq", "Uma", "Viktor", "Wanda", "Ximena", "Zoe",
)  # fmt: skip
FAMILY_NAMES: Final = (
    "Adeyemi", "Brook", "Castillo", "Duarte", "Evans", "Fischer", "Garza", "Hale", "Ibrahim", "Jensen", "Kim",
    "Lopez", "Mbeki", "Nguyen", "O'Brien", "Park", "Quist", "Ruiz", "Silva", "Tanaka", "Underhill", "Vega",
    "Washington", "Xu", "Young", "Zapata",
)  # fmt: skip

_FIRST_LINE: Final = 100
"""555-0100 to 555-0199 are set aside for fiction, so a seed that fits into them uses no other numbers."""

_LINES_PER_BLOCK: Final = 100


class Membership(StrEnum):
    """Where a person stands in the campaign of Mobile Commons."""

    NO_PROFILE = "no profile"
    ACTIVE = "active"
    OPTED_OUT = "opted out"
    LINKED = "active, with constituent id"


class Box(StrEnum):
    """What the opt-in checkbox of Action Network says."""

    NO_PERSON = "no person"
    TICKED = "ticked"
    UNTICKED = "unticked"
    ABSENT = "absent"


class Contacts(StrEnum):
    """By what a person can be reached."""

    PHONE_AND_EMAIL = "phone and email"
    PHONE_ONLY = "phone only"
    EMAIL_ONLY = "email only"


@dataclass(frozen=True, slots=True)
class Kind:
    """A case that a sync has to get right."""

    name: str
    membership: Membership
    box: Box
    contacts: Contacts = Contacts.PHONE_AND_EMAIL


KINDS: Final = tuple(
    kind
    for kind, share in (
        (Kind("action_network_ticked", Membership.NO_PROFILE, Box.TICKED), 4),
        (Kind("action_network_unticked", Membership.NO_PROFILE, Box.UNTICKED), 2),
        (Kind("action_network_absent", Membership.NO_PROFILE, Box.ABSENT), 2),
        (Kind("action_network_ticked_without_email", Membership.NO_PROFILE, Box.TICKED, Contacts.PHONE_ONLY), 1),
        (Kind("action_network_ticked_without_phone", Membership.NO_PROFILE, Box.TICKED, Contacts.EMAIL_ONLY), 1),
        (Kind("action_network_absent_without_phone", Membership.NO_PROFILE, Box.ABSENT, Contacts.EMAIL_ONLY), 1),
        (Kind("mobile_commons_active", Membership.ACTIVE, Box.NO_PERSON), 1),
        (Kind("mobile_commons_active_without_email", Membership.ACTIVE, Box.NO_PERSON, Contacts.PHONE_ONLY), 1),
        (Kind("mobile_commons_opted_out", Membership.OPTED_OUT, Box.NO_PERSON), 1),
        (Kind("both_active_ticked", Membership.ACTIVE, Box.TICKED), 1),
        (Kind("both_active_unticked", Membership.ACTIVE, Box.UNTICKED), 1),
        (Kind("both_active_absent", Membership.ACTIVE, Box.ABSENT), 1),
        (Kind("both_linked_ticked", Membership.LINKED, Box.TICKED), 2),
        (Kind("both_opted_out_ticked", Membership.OPTED_OUT, Box.TICKED), 1),
    )
    for _ in range(share)
)
"""Twenty people, each kind as often as its share; every twenty invented people hold each kind."""


@dataclass(frozen=True, slots=True)
class Invented:
    """Somebody who does not exist; a blank e-mail address or phone means none, the phone is digits only."""

    kind: Kind
    id: str
    given_name: str
    family_name: str
    email: str
    phone: str
    postal_code: str
    days_known: int


def invent(*, seed: int, start: int = 0) -> Iterator[Invented]:
    """Invent people without end from place `start` on; addresses and numbers are unique by their place alone."""
    dice = random.Random(f"{seed}/{start}")
    order: list[Kind] = []
    for place in itertools.count(start):
        if not order:
            order = list(KINDS)
            dice.shuffle(order)
        kind = order.pop()
        given, family = dice.choice(GIVEN_NAMES), dice.choice(FAMILY_NAMES)
        mailbox = f"{given}.{family}.{place}".lower()
        yield Invented(
            kind=kind,
            id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            given_name=given,
            family_name=family,
            email="" if kind.contacts is Contacts.PHONE_ONLY else f"{mailbox}@example.org",
            phone="" if kind.contacts is Contacts.EMAIL_ONLY else phone_at(place),
            postal_code=f"{dice.randrange(10_000, 99_000)}",
            days_known=dice.randrange(30, 400),
        )


def phone_at(place: int) -> str:
    """Return the number of a place: 1-NPA-555-xxxx, with every area code of the United States in turn."""
    codes = area_codes()
    row, column = divmod(place, len(codes))
    block, line = divmod(row, _LINES_PER_BLOCK)
    # Neighbours get different lines, so that a table of them is easy to tell apart.
    line = _FIRST_LINE + block * _LINES_PER_BLOCK + (line + 7 * column) % _LINES_PER_BLOCK
    return f"1{codes[column]}555{line:04d}"


@functools.cache
def area_codes() -> tuple[int, ...]:
    """Return the area codes that make a valid number in the United States."""
    return tuple(code for code in range(201, 990) if _is_area_code(code))


def _is_area_code(code: int) -> bool:
    number = phonenumbers.PhoneNumber(country_code=1, national_number=code * 10**7 + 555_0100)
    return phonenumbers.is_valid_number(number) and phonenumbers.region_code_for_number(number) == "US"
