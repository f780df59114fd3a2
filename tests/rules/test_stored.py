"""What a service has not kept of a write (sync.md F15)."""

import pytest

from anmc.api.mapping import FieldMapping
from anmc.api.names import Reason
from anmc.rules.stored import not_kept_by_person, not_kept_by_profile
from support.rule_builders import EMAIL, FIRST_NAME

ZIP = FieldMapping(field="postal_code", api_field_name="postal_code")
MAPPINGS = (EMAIL, FIRST_NAME, ZIP)


@pytest.mark.parametrize(
    ("written", "shown", "notes"),
    [
        pytest.param({"given_name": "Ana"}, {"given_name": "Ana"}, (), id="F15-kept"),
        pytest.param({"given_name": " Ana "}, {"given_name": "Ana"}, (), id="F15-spelled-differently"),
        pytest.param({"given_name": "Ana"}, {"given_name": "Eva"}, (Reason.NOT_STORED,), id="F15-another-value"),
        pytest.param({"given_name": "Ana"}, {}, (Reason.NOT_STORED,), id="F15-not-shown"),
        pytest.param(
            {"email_address": "ana@example.org"},
            {"email_address": "eva@example.org"},
            (Reason.EMAIL_TAKEN,),
            id="F15-address-of-another",
        ),
        pytest.param(
            {"email_address": "Ana@Example.org"},
            {"email_address": "ana@example.org"},
            (),
            id="F15-lower-case",
        ),
        pytest.param({"postal_code": "02134"}, {"postal_code": "02134-1000"}, (), id="F15-longer-zip"),
        pytest.param({"custom_fields.sms_opt_in": "1"}, {}, (), id="F15-no-data"),
        pytest.param(
            {"email_address": "ana@example.org", "given_name": "Ana"},
            {},
            (Reason.EMAIL_TAKEN, Reason.NOT_STORED),
            id="F15-both",
        ),
    ],
)
def test_what_action_network_has_not_kept(
    written: dict[str, str | None], shown: dict[str, str | None], notes: tuple[Reason, ...]
) -> None:
    assert not_kept_by_person(MAPPINGS, written, shown) == notes


@pytest.mark.parametrize(
    ("written", "shown", "notes"),
    [
        pytest.param({"first_name": "Ana"}, {"first_name": "Ana"}, (), id="F15-kept"),
        pytest.param({"first_name": "Ana"}, {"first_name": ""}, (Reason.NOT_STORED,), id="F15-dropped"),
        pytest.param({"email": "ana@example.org"}, {"email": ""}, (Reason.NOT_STORED,), id="F15-address-dropped"),
    ],
)
def test_what_mobile_commons_has_not_kept(
    written: dict[str, str | None], shown: dict[str, str | None], notes: tuple[Reason, ...]
) -> None:
    assert not_kept_by_profile(MAPPINGS, written, shown) == notes
