from typing import Any

import pytest

from anmc.api.mapping import FieldMapping
from anmc.api.names import MappingDirection, OnConflict
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.errors import InvalidSpec

FIXED = [
    ("phone_number", "phone_number"),
    ("email", "email_address"),
    ("opt_in_status", "custom_fields.sms_opt_in"),
    ("constituent_id", "identifier"),
]
STANDARD = [
    ("first_name", "given_name"),
    ("last_name", "family_name"),
    ("street1", "address_line_1"),
    ("street2", "address_line_2"),
    ("city", "locality"),
    ("state", "region"),
    ("postal_code", "postal_code"),
    ("country", "country"),
]


def a_row(field: str, api_field_name: str, **more: Any) -> dict[str, Any]:
    return {"field": field, "apiFieldName": api_field_name, **more}


def rows_in_force(*listed: dict[str, Any] | None) -> tuple[FieldMapping, ...]:
    spec: dict[str, Any] = {
        "mobileCommons": {"credentialsSecretRef": {"name": "mobile-commons"}},
        "actionNetwork": {"credentialsSecretRef": {"name": "action-network"}, "optInField": "sms_opt_in"},
    }
    if listed != (None,):
        spec["fieldMappings"] = list(listed)
    return DataSyncIntegrationSpec.from_dict(spec).effective_mappings()


def names_of(rows: tuple[FieldMapping, ...]) -> list[tuple[str, str]]:
    return [(row.field, row.api_field_name) for row in rows]


def test_without_a_list_the_standard_mapping_is_in_force() -> None:
    assert names_of(rows_in_force(None)) == FIXED + STANDARD


def test_an_empty_list_leaves_the_fixed_rows() -> None:
    assert names_of(rows_in_force()) == FIXED


def test_listed_rows_follow_the_fixed_ones_in_their_order() -> None:
    rows = rows_in_force(a_row("custom.team", "custom_fields.team"), a_row("first_name", "given_name"))

    assert names_of(rows) == [*FIXED, ("custom.team", "custom_fields.team"), ("first_name", "given_name")]


def test_a_listed_fixed_row_takes_the_place_of_the_standard_one() -> None:
    rows = rows_in_force(a_row("email", "email_address", direction="Pull", onConflict="Newest"))

    assert names_of(rows) == FIXED
    assert rows[1].direction is MappingDirection.PULL
    assert rows[1].on_conflict is OnConflict.NEWEST


@pytest.mark.parametrize("listed", [(), (a_row("constituent_id", "identifier", direction="Push"),)])
def test_the_constituent_id_goes_to_mobile_commons_only(listed: tuple[dict[str, Any], ...]) -> None:
    constituent_id = rows_in_force(*listed)[3]

    assert constituent_id.is_pulled
    assert not constituent_id.is_pushed


@pytest.mark.parametrize(
    ("direction", "is_pulled", "is_pushed"), [("Both", True, True), ("Pull", True, False), ("Push", False, True)]
)
def test_the_direction_says_which_runs_carry_a_field(direction: str, is_pulled: bool, is_pushed: bool) -> None:  # noqa: FBT001 - columns of the table
    row = rows_in_force(a_row("city", "locality", direction=direction))[-1]

    assert (row.is_pulled, row.is_pushed) == (is_pulled, is_pushed)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (a_row("email", "email_address", required=True), "required must not be true for email"),
        (a_row("phone_number", "custom_fields.phone"), "apiFieldName must be phone_number for phone_number"),
        (a_row("custom.mail", "email_address"), "apiFieldName must not be email_address for custom.mail"),
    ],
)
def test_a_row_that_breaks_a_fixed_one_is_refused_with_its_place(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        rows_in_force(row)

    assert refusal.value.message == f"spec.fieldMappings[0]: {message}"


@pytest.mark.parametrize(
    "name", ["custom.", "custom. team", "custom.team ", "custom.a\nb", "nickname", "First_name", "custom." + "n" * 129]
)
def test_a_name_that_mobile_commons_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.fieldMappings\[0\]\.field: must "):
        rows_in_force(a_row(name, "custom_fields.team"))
