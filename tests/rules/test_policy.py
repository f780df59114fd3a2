import pytest

from anmc.api.mapping import FieldMapping, complete_mappings
from anmc.rules.policy import data_mappings


@pytest.mark.rule("F14")
def test_number_box_and_id_are_no_data_and_the_address_is() -> None:
    team = FieldMapping(field="custom.team", api_field_name="custom_fields.team")

    mappings = data_mappings(complete_mappings([team], opt_in_field="sms_opt_in"))

    assert [mapping.field for mapping in mappings] == ["email", "custom.team"]
