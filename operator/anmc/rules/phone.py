"""Reading a mobile number as people and services write it (sync.md N1 to N3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from anmc.api.names import Reason
from anmc.rules.normalise import EMPTY_MARK
from anmc.rules.records import Phone


@dataclass(frozen=True, slots=True)
class PhoneProblem:
    """Why there is no usable number: `PHONE_MISSING`, `INVALID_PHONE` or `COUNTRY_NOT_ALLOWED`."""

    reason: Reason


PhoneReading = Phone | PhoneProblem


_MISSING: Final = PhoneProblem(Reason.PHONE_MISSING)
_INVALID: Final = PhoneProblem(Reason.INVALID_PHONE)
_NOT_ALLOWED: Final = PhoneProblem(Reason.COUNTRY_NOT_ALLOWED)

_SEPARATORS: Final = re.compile(r"[\s().\-/\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060\u2212\ufeff]+")
"""White space, brackets, dots, dashes, slashes and invisible marks: what people put between digits."""

_NUMBER: Final = re.compile(r"\+?[0-9]+")
"""A number without its separators. Letters, `#` and `;` are missing: an extension makes a number unusable."""

_UNTEXTABLE: Final = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)
"""Kinds of number behind which there is no person with a handset (sync.md N2)."""


def read_phone(text: str | None, *, default_region: str, allowed_country_codes: frozenset[int]) -> PhoneReading:
    """Read one number; rules N1 and N2 of sync.md.

    `default_region` is an ISO 3166-1 alpha-2 code; `allowed_country_codes` are calling codes. A number of
    digits alone may be complete or lack its calling code: it is taken only if exactly one reading is usable.
    """
    trimmed = (text or "").strip()
    if trimmed in {"", EMPTY_MARK}:
        return _MISSING
    compact = _SEPARATORS.sub("", trimmed)
    if not _NUMBER.fullmatch(compact):
        return _INVALID

    candidates = list(_candidates(trimmed, compact, default_region))
    usable = {
        _e164(candidate)
        for candidate in candidates
        if candidate.country_code in allowed_country_codes and _is_textable(candidate)
    }
    if len(usable) == 1:
        return Phone(usable.pop())
    if usable:
        return _INVALID
    # A complete number names its country itself; of two guesses only one that exists says anything.
    is_complete = compact.startswith("+")
    foreign = any(
        candidate.country_code not in allowed_country_codes and (is_complete or _is_textable(candidate))
        for candidate in candidates
    )
    return _NOT_ALLOWED if foreign else _INVALID


def is_american(phone: Phone) -> bool:
    """Say whether a number belongs to region US, which its calling code alone does not tell (sync.md N8)."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone.e164)) == "US"


def _candidates(trimmed: str, compact: str, default_region: str) -> Iterator[PhoneNumber]:
    """Yield the readings of N1."""
    if compact.startswith("+"):
        yield from _parse(compact, None)
        return
    if trimmed == compact:
        yield from _parse(f"+{compact}", None)
    yield from _parse(compact, default_region)


def _parse(compact: str, region: str | None) -> Iterator[PhoneNumber]:
    """Yield the library's reading, unless it left out digits to make the number fit (sync.md N2)."""
    try:
        number = phonenumbers.parse(compact, region)
    except NumberParseException:
        return
    national = phonenumbers.national_significant_number(number)
    prefix = compact.removeprefix("+").removesuffix(national)
    if _is_dialling_prefix(prefix, str(number.country_code), region):
        yield number


def _is_dialling_prefix(prefix: str, calling_code: str, region: str | None) -> bool:
    """Say whether `prefix` is what is dialled in front of a national number, no more and no less."""
    if prefix == calling_code:
        return True
    metadata = PhoneMetadata.metadata_for_region(region, None) if region else None
    if metadata is None:
        return False
    international = f"(?:{metadata.international_prefix}){calling_code}"
    return prefix in {"", metadata.national_prefix} or re.fullmatch(international, prefix) is not None


def _is_textable(number: PhoneNumber) -> bool:
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) not in _UNTEXTABLE


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
