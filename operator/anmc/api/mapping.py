"""The mapping form: which field of one service belongs to which of the other (api.md 3)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from anmc.api.model import UserWritten
from anmc.api.names import MappingDirection, OnConflict

CUSTOM_COLUMN_PREFIX: Final = "custom."
"""What stands before the name of a Mobile Commons custom column."""

CUSTOM_FIELD_PREFIX: Final = "custom_fields."
"""What stands before the name of an Action Network custom field."""

NAME_MAX_LENGTH: Final = 128
"""Longest name of a custom column or custom field that a spec may hold; a bound for the schema's cost."""

FIELD_PATTERN: Final = (
    r"^(first_name|last_name|email|phone_number|street1|street2|city|state|postal_code|country"
    r"|opt_in_status|constituent_id|custom\.\S(.*\S)?)$"
)
"""Names of Mobile Commons; those of custom columns may hold blanks (mobile-commons-api.md 6)."""

API_FIELD_NAME_PATTERN: Final = (
    r"^(given_name|family_name|email_address|phone_number|address_line_1|address_line_2|locality|region"
    r"|postal_code|country|language_spoken|identifier|custom_fields\.\S(.*\S)?)$"
)
"""Names of Action Network; those of custom fields may hold blanks (action-network-api.md 10)."""

OPT_IN_STATUS: Final = "opt_in_status"
"""The fixed row whose other side is the opt-in field, whatever that is called."""

CONSTITUENT_ID: Final = "constituent_id"
"""The fixed row that carries the person's id, from Action Network to Mobile Commons only."""

_FIXED_NAMES: Final[Mapping[str, str]] = {
    "phone_number": "phone_number",
    "email": "email_address",
    CONSTITUENT_ID: "identifier",
}
"""Fixed rows with a constant name on the other side."""

FIXED_FIELDS: Final = frozenset({*_FIXED_NAMES, OPT_IN_STATUS})
"""Rows in force whether they are listed or not; none of them may be required."""

_STANDARD_NAMES: Final[Mapping[str, str]] = {
    "first_name": "given_name",
    "last_name": "family_name",
    "street1": "address_line_1",
    "street2": "address_line_2",
    "city": "locality",
    "state": "region",
    "postal_code": "postal_code",
    "country": "country",
}
"""The rest of the standard mapping, in force when the spec lists none."""


class FieldMapping(UserWritten):
    """One row: a field of Mobile Commons and the field of Action Network that belongs to it."""

    field: Annotated[str, Field(pattern=FIELD_PATTERN, max_length=len(CUSTOM_COLUMN_PREFIX) + NAME_MAX_LENGTH)]
    api_field_name: Annotated[
        str, Field(pattern=API_FIELD_NAME_PATTERN, max_length=len(CUSTOM_FIELD_PREFIX) + NAME_MAX_LENGTH)
    ]
    required: bool = False
    direction: MappingDirection = MappingDirection.BOTH
    on_conflict: OnConflict = OnConflict.HOLD

    @property
    def is_fixed(self) -> bool:
        """Whether the row is in force in any case."""
        return self.field in FIXED_FIELDS

    @property
    def is_pulled(self) -> bool:
        """Whether a pull carries the field."""
        return self.direction is not MappingDirection.PUSH

    @property
    def is_pushed(self) -> bool:
        """Whether a push carries the field."""
        return self.direction is not MappingDirection.PULL

    @model_validator(mode="after")
    def _check_fixed_rows(self) -> Self:
        if self.required and self.is_fixed:
            raise ValueError(f"required must not be true for {self.field}")
        fixed = _FIXED_NAMES.get(self.field)
        if fixed and self.api_field_name != fixed:
            raise ValueError(f"apiFieldName must be {fixed} for {self.field}")
        if not fixed and self.api_field_name in {"phone_number", "email_address", "identifier"}:
            raise ValueError(f"apiFieldName must not be {self.api_field_name} for {self.field}")
        return self


def check_mappings(mappings: Sequence[FieldMapping], *, opt_in_field: str) -> None:
    """Check the rows against each other and against the opt-in field (api.md 9).

    Raises:
        ValueError: a name occurs twice, or the opt-in field is mapped to something else.
    """
    fields = [mapping.field for mapping in mappings]
    if len(set(fields)) < len(fields):
        raise ValueError("each field must be listed once")
    pushed = [mapping.api_field_name for mapping in mappings if mapping.is_pushed]
    if len(set(pushed)) < len(pushed):
        raise ValueError("each apiFieldName must be unique among the mappings that push")
    opt_in_name = CUSTOM_FIELD_PREFIX + opt_in_field
    if any((row.field == OPT_IN_STATUS) != (row.api_field_name == opt_in_name) for row in mappings):
        raise ValueError("opt_in_status must be mapped to custom_fields.<optInField>, and nothing else may be")


def complete_mappings(mappings: Sequence[FieldMapping] | None, *, opt_in_field: str) -> tuple[FieldMapping, ...]:
    """Return the rows in force: the four fixed ones, then the listed ones, or the standard ones when absent.

    An empty list is a list: nothing but the fixed rows is mapped then.
    """
    fixed_names = {
        "phone_number": _FIXED_NAMES["phone_number"],
        "email": _FIXED_NAMES["email"],
        OPT_IN_STATUS: CUSTOM_FIELD_PREFIX + opt_in_field,
        CONSTITUENT_ID: _FIXED_NAMES[CONSTITUENT_ID],
    }
    if mappings is None:
        mappings = [_row(field, name) for field, name in _STANDARD_NAMES.items()]
    listed = {mapping.field: mapping for mapping in mappings}
    fixed = [listed.get(field) or _row(field, name) for field, name in fixed_names.items()]
    return tuple(
        row.model_copy(update={"direction": MappingDirection.PULL}) if row.field == CONSTITUENT_ID else row
        for row in (*fixed, *(mapping for mapping in mappings if not mapping.is_fixed))
    )


def _row(field: str, api_field_name: str) -> FieldMapping:
    return FieldMapping(field=field, api_field_name=api_field_name)
