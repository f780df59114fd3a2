"""Numbers as Mobile Commons stores them (mobile-commons-api.md 9.1)."""

import re
from typing import Final

_PUNCTUATION: Final = re.compile(r"[\s().\-/]+")
_ACCEPTED: Final = re.compile(r"\+?(\d{10,15})", re.ASCII)
_NANP: Final = re.compile(r"1[2-9]\d{2}[2-9]\d{6}", re.ASCII)


def normalised(number: str) -> str | None:
    """Return the digits with country code, without `+`; None for what can be no number.

    Ten digits are taken for an American number, punctuation is ignored. More digits that do not begin with 1
    are a foreign number, which the service may store although it cannot text it.
    """
    match = _ACCEPTED.fullmatch(_PUNCTUATION.sub("", number))
    if match is None:
        return None
    digits = match[1]
    if len(digits) == 10 and not number.lstrip().startswith("+"):
        digits = f"1{digits}"
    if digits.startswith("1"):
        return digits if _NANP.fullmatch(digits) else None
    return digits


def is_textable(digits: str) -> bool:
    """Tell whether the account can send texts to a stored number; foreign ones are `Undeliverable` (9.1)."""
    return _NANP.fullmatch(digits) is not None
