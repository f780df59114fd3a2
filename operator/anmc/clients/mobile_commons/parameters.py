"""Parameters of the calls to Mobile Commons (mobile-commons-api.md 6)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from anmc.clients.calls import Body
from anmc.clients.mobile_commons.models import STANDARD_FIELDS
from anmc.errors import FieldMappingInvalid
from anmc.rules.records import CUSTOM_COLUMN

MAX_NUMBERS: Final = 50
"""Numbers of one look-up (contract 14, U15). At 18 encoded characters each the URL stays far below 4 KB."""

_RESERVED: Final = frozenset(
    {
        *STANDARD_FIELDS,
        "phone_number",
        "opt_in_path_id",
        "campaign_id",
        "subscription_id",
        "company",
        "_method",
        "action",
        "controller",
        "format",
    }
)
"""Names that mean something else than a column. A column called `opt_in_path_id` would send texts."""


def profile_fields(values: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a data write; `values` by Mobile Commons field name (contract 6.8).

    Raises:
        FieldMappingInvalid: a column cannot be written under its name.
        ValueError: a name that is neither a standard field nor a column.
    """
    return {_parameter(name): text for name, text in values.items()}


def form(fields: Mapping[str, str]) -> Body:
    """Return a body as most working clients send it, which also keeps people out of the URL (contract 1)."""
    return Body(urlencode(fields).encode(), "application/x-www-form-urlencoded")


def _parameter(name: str) -> str:
    if name in STANDARD_FIELDS:
        return name
    column = name.removeprefix(CUSTOM_COLUMN)
    if column == name:
        raise ValueError("a field that cannot be written to Mobile Commons")
    # Brackets make a name a list or a map on the other side: `company[]` is `company`.
    if column.partition("[")[0].strip().lower() in {"", *_RESERVED}:
        raise FieldMappingInvalid(
            f'Mobile Commons cannot take a custom column called "{column}": the name has a meaning of its own',
            remedy="Rename the column in Mobile Commons and in the mapping.",
        )
    return column
