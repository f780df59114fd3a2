"""Invented people: the same number invents the same people, with names, addresses, numbers nobody has."""

import functools
import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

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

DOMAIN: Final = "example.org"

_FIRST_LINE: Final = 100
"""555-0100 to 555-0199 are set aside for fiction, so a seed that fits into them uses no other numbers."""

_LINES_PER_BLOCK: Final = 100

_POSTAL_CODES: Final = range(10_000, 99_000)
DAYS_KNOWN: Final = range(30, 400)
"""How long invented people are on their lists: beyond the look-back of any incremental read."""


_ID_STEP: Final = 0x5DEECE66D
"""Odd, so that its multiples differ modulo 2^48: the ids of neighbours look unlike, and lead back to their places."""

_IDS: Final = 1 << 48
_PHONE: Final = re.compile(r"1(\d{3})555(\d{4})", re.ASCII)
_EMAIL: Final = re.compile(rf"[^@]+\.(0|[1-9]\d{{0,9}})@{re.escape(DOMAIN)}", re.ASCII)
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-([0-9a-f]{12})")
_TWENTY: Final = struct.Struct(">20B20H")
"""The dice of twenty people: for the order of their kinds, and for the days that they are known."""

_DICE: Final = struct.Struct(">9sHHI")
"""The dice of one person: for the id, the names, the postal code."""

_KEPT_TWENTIES: Final = 256
"""Enough for a page of 1,000 profiles, which are spread over some 2,300 places."""


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

    @property
    def is_member(self) -> bool:
        """Whether the person gets the texts of the campaign."""
        return self.membership in {Membership.ACTIVE, Membership.LINKED}


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


class Invented(NamedTuple):
    """Somebody who does not exist; a blank e-mail address or phone means none, the phone is digits only."""

    kind: Kind
    id: str
    given_name: str
    family_name: str
    email: str
    phone: str
    postal_code: str
    days_known: int


class Inventor:
    """Invents the person at any place from `start` on, from nothing but the seed's number and the place.

    Addresses, numbers and ids are unique by their place alone.
    """

    def __init__(self, *, seed: int, start: int = 0) -> None:
        self.seed = seed
        self._start = start

    def slots(self, places: range) -> Iterator[tuple[int, Kind, int]]:
        """Yield each place with the kind of its person and the days they are known."""
        return ((place, *self._slot(place)) for place in places)

    def at(self, place: int) -> Invented:
        """Invent the person at a place."""
        kind, days_known = self._slot(place)
        for_id, *dice = _DICE.unpack(_roll(_DICE.size, self.seed, place))
        digits = for_id.hex()
        given, family = GIVEN_NAMES[dice[0] % len(GIVEN_NAMES)], FAMILY_NAMES[dice[1] % len(FAMILY_NAMES)]
        email, phone = f"{given}.{family}.{place}@{DOMAIN}".lower(), phone_at(place)
        return Invented(
            kind,
            f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-{_scrambled(place):012x}",
            given,
            family,
            "" if kind.contacts is Contacts.PHONE_ONLY else email,
            "" if kind.contacts is Contacts.EMAIL_ONLY else phone,
            str(_POSTAL_CODES[dice[2] % len(_POSTAL_CODES)]),
            days_known,
        )

    def _slot(self, place: int) -> tuple[Kind, int]:
        twenty, at = divmod(place - self._start, len(KINDS))
        return _twenty(self.seed, self._start, twenty)[at]


@functools.lru_cache(maxsize=_KEPT_TWENTIES)
def _twenty(seed: int, start: int, number: int) -> tuple[tuple[Kind, int], ...]:
    """Return kind and days known of twenty neighbours, among whom each kind is as often as its share."""
    dice = _TWENTY.unpack(_roll(_TWENTY.size, seed, start, number))
    order = sorted(range(len(KINDS)), key=dice.__getitem__)
    days = (DAYS_KNOWN[roll % len(DAYS_KNOWN)] for roll in dice[len(KINDS) :])
    return tuple(zip((KINDS[kind] for kind in order), days, strict=True))


def _roll(size: int, *of: int) -> bytes:
    """Return bytes that look random and are always the same for these numbers."""
    return hashlib.blake2b("/".join(map(str, of)).encode(), digest_size=size).digest()


def phone_at(place: int) -> str:
    """Return the number of a place: 1-NPA-555-xxxx, with every area code of the United States in turn."""
    codes = area_codes()
    row, column = divmod(place, len(codes))
    block, line = divmod(row, _LINES_PER_BLOCK)
    # Neighbours get different lines, so that a table of them is easy to tell apart.
    line = _FIRST_LINE + block * _LINES_PER_BLOCK + (line + 7 * column) % _LINES_PER_BLOCK
    return f"1{codes[column]}555{line:04d}"


def place_of_phone(phone: str) -> int | None:
    """Return the place whose number this is, written as `phone_at` writes it."""
    found = _PHONE.fullmatch(phone)
    column = _columns().get(found[1]) if found else None
    if found is None or column is None or int(found[2]) < _FIRST_LINE:
        return None
    block, line = divmod(int(found[2]) - _FIRST_LINE, _LINES_PER_BLOCK)
    row = block * _LINES_PER_BLOCK + (line - 7 * column) % _LINES_PER_BLOCK
    return row * len(_columns()) + column


def place_of_email(email: str) -> int | None:
    """Return the place whose address this would be, whatever name it has."""
    found = _EMAIL.fullmatch(email)
    return int(found[1]) if found else None


def place_of_id(identity: str) -> int | None:
    """Return the place whose id this would be."""
    found = _ID.fullmatch(identity)
    return _unscrambled(int(found[1], 16)) if found else None


def _scrambled(place: int) -> int:
    return (place + 1) * _ID_STEP % _IDS


def _unscrambled(number: int) -> int:
    return number * pow(_ID_STEP, -1, _IDS) % _IDS - 1


@functools.cache
def area_codes() -> tuple[int, ...]:
    """Return the area codes that make a valid number in the United States."""
    return tuple(code for code in range(201, 990) if _is_area_code(code))


@functools.cache
def _columns() -> dict[str, int]:
    return {str(code): column for column, code in enumerate(area_codes())}


def _is_area_code(code: int) -> bool:
    number = phonenumbers.PhoneNumber(country_code=1, national_number=code * 10**7 + 555_0100)
    return phonenumbers.is_valid_number(number) and phonenumbers.region_code_for_number(number) == "US"
