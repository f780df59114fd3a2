"""What `profile_update` makes of the values that it is sent (mobile-commons-api.md 6.8, U9, U10, U16 to U18)."""

import re
from collections.abc import Mapping
from typing import Final

from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.refusal import Refused
from anmc_simulators.mobile_commons.switches import AddressForm, EmptyValue, UnknownColumn

_LAST_OF_PLANE: Final = "\uffff"
_COUNTRIES: Final = {"USA": "US", "U.S.A.": "US", "UNITED STATES": "US", "UNITED STATES OF AMERICA": "US"}
_ZIP_PLUS_4: Final = re.compile(r"(\d{5})[ -]?(\d{4})", re.ASCII)


def accepted(company: Company, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values as the company keeps them, without those that it ignores; creates columns where it does.

    Raises:
        Refused: a name is unknown, and the settings make that an error.
    """
    settings = company.settings
    unknown = company.unknown_names(values)
    if unknown and settings.unknown_column is UnknownColumn.REFUSED:
        raise Refused(settings.other_error_id, "Invalid custom column")
    if settings.unknown_column is UnknownColumn.CREATED:
        company.add_columns(name for name in values if name in unknown)
    kept = {}
    for name, text in values.items():
        value = text if settings.keeps_emoji else "".join(letter for letter in text if letter <= _LAST_OF_PLANE)
        if settings.address_form is AddressForm.NORMALISED:
            value = _normalised(name, value)
        value = value[: settings.longest_value]
        if value or settings.empty_value is EmptyValue.CLEARS:
            kept[name] = value
    return kept


def _normalised(name: str, text: str) -> str:
    match name:
        case "state":
            return text.strip().upper()
        case "country":
            country = text.strip().upper()
            return _COUNTRIES.get(country, country)
        case "postal_code":
            whole = _ZIP_PLUS_4.fullmatch(text.strip())
            return f"{whole[1]}-{whole[2]}" if whole else text.strip()
        case _:
            return text
