"""What two spellings of a value have in common, and how a value is written (sync.md N4 to N8).

`canonical` is for comparing and hashing, `written` for sending. Both give `""` for an empty value, both give
the same again when they are applied to what they gave, and writing a value never changes its canonical form.
"""

import re
import unicodedata
from enum import StrEnum, unique
from typing import Final

from anmc.rules.regions import STATES, US_NAMES


@unique
class FieldKind(StrEnum):
    """How the values of a field are compared."""

    EMAIL = "Email"
    POSTAL_CODE = "PostalCode"
    STATE = "State"
    COUNTRY = "Country"
    TEXT = "Text"


_KINDS: Final = {
    "email": FieldKind.EMAIL,
    "postal_code": FieldKind.POSTAL_CODE,
    "state": FieldKind.STATE,
    "country": FieldKind.COUNTRY,
}

EMPTY_MARK: Final = "\N{SYMBOL FOR NULL}"
"""What Action Network shows in place of an empty value (N5)."""

_UNWRITABLE: Final = frozenset({"Cc", "Cs"})
"""Unicode categories that are left out: control characters (N5), and surrogates, which no encoding can carry."""

_ZIP: Final = re.compile(r"([0-9]{1,5})(|[\s-]+[0-9]{0,4})|([0-9]{5})[0-9]{4}")
"""A ZIP code: up to five digits (leading zeros get lost in spreadsheets), or a ZIP+4 with or without hyphen (N6)."""

_ZIP_DIGITS: Final = 5


def kind_of(field: str) -> FieldKind:
    """Return how a field is compared, by its Mobile Commons name."""
    return _KINDS.get(field, FieldKind.TEXT)


def canonical(kind: FieldKind, value: str | None, *, country: str = "") -> str:
    """Return the form to compare and hash. `country` is that of the same record, as it spells it."""
    text = _clean(value).strip()
    if text in {"", EMPTY_MARK}:
        return ""
    match kind:
        case FieldKind.EMAIL:
            return _caseless(text) if _is_email(text) else ""
        case FieldKind.POSTAL_CODE:
            return _canonical_postal_code(text, country)
        case FieldKind.STATE:
            return _state_code(text, country) or _upper(text)
        case FieldKind.COUNTRY:
            return "US" if _key(text) in US_NAMES else _upper(text)
        case FieldKind.TEXT:
            return unicodedata.normalize("NFC", text).strip()


def written(kind: FieldKind, value: str | None, *, country: str = "") -> str:
    """Return the form to send: as the source spells it, but for what N4 to N8 correct."""
    if not canonical(kind, value, country=country):
        return ""
    text = _clean(value)
    match kind:
        case FieldKind.EMAIL:
            return text.strip()
        case FieldKind.POSTAL_CODE:
            return _padded(text, country)
        case FieldKind.STATE:
            return _state_code(text, country) or text
        case FieldKind.COUNTRY:
            code = canonical(FieldKind.COUNTRY, text)
            return code if len(code) == len("US") else text
        case FieldKind.TEXT:
            return text


def email_or_none(text: str | None) -> str | None:
    """Return an e-mail address as the source spells it, trimmed; None if it is unusable (N4)."""
    return written(FieldKind.EMAIL, text) or None


def is_cut(kind: FieldKind, value: str | None, *, country: str = "") -> bool:
    """Say whether writing a value leaves out characters that no text may hold (N5)."""
    return bool(written(kind, value, country=country)) and _clean(value) != (value or "")


def _clean(value: str | None) -> str:
    return "".join(char for char in value or "" if unicodedata.category(char) not in _UNWRITABLE)


def _is_email(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain and not any(char.isspace() for char in text)


def _is_american(country: str) -> bool:
    return canonical(FieldKind.COUNTRY, country) in {"", "US"}


def _canonical_postal_code(text: str, country: str) -> str:
    compact = "".join(_upper(text).split())
    if _is_american(country) and (zip_code := _ZIP.fullmatch(text) or _ZIP.fullmatch(compact)):
        return (zip_code[1] or zip_code[3]).zfill(_ZIP_DIGITS)
    return compact


def _padded(text: str, country: str) -> str:
    zip_code = _ZIP.fullmatch(text.strip())
    if zip_code and zip_code[1] and _is_american(country):
        return zip_code[1].zfill(_ZIP_DIGITS) + zip_code[2]
    return text


def _state_code(text: str, country: str) -> str | None:
    return STATES.get(_key(text)) if _is_american(country) else None


def _key(text: str) -> str:
    """Return a name as the tables spell it: upper case, no dots or commas, single blanks."""
    return " ".join(_upper(text).replace(".", "").replace(",", " ").split())


def _upper(text: str) -> str:
    return unicodedata.normalize("NFC", text.upper()).strip()


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
