"""Specs that the schema accepts and the operator refuses, before anything is written or even sent."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.integrations import Home, Integration
from support.operator_process import OperatorProcess
from support.simulators import BOX, Account, Simulators


@pytest.fixture
def waiting_opt_in(account: Account, simulators: Simulators) -> str:
    """The number of somebody whom a push would export."""
    phone = simulators.new_number()
    account.text_keyword(phone, email="emre.silva@example.org")
    return phone


@pytest.fixture
def refused(
    request: pytest.FixtureRequest,
    operator: OperatorProcess,
    shared_home: Home,
    account: Account,
    waiting_opt_in: str,
) -> Iterator[Integration]:
    """An integration with the parameter as its spec."""
    assert operator.is_alive()
    assert account.holder(waiting_opt_in) is None
    integration = shared_home.integrate(account, **request.param)
    yield integration
    integration.delete()


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        pytest.param(
            {"actionNetwork": {"optInField": "no_such_box"}},
            'Action Network has no custom field "no_such_box"',
            id="opt-in field",
        ),
        pytest.param(
            {"fieldMappings": [{"field": "custom.no_such_column", "apiFieldName": f"custom_fields.{BOX}2"}]},
            'Mobile Commons has no custom column "no_such_column"',
            id="custom column",
        ),
    ],
    indirect=["refused"],
)
def test_an_unknown_field_stalls_the_integration_before_anything_is_written(
    refused: Integration, account: Account, waiting_opt_in: str, named: str
) -> None:
    ready = refused.wait_for_reason("Ready", "FieldMappingInvalid")
    event = refused.wait_for_event("FieldMappingInvalid")

    assert ready["status"] == "False"
    assert named in ready["message"]
    assert event["type"] == "Warning"
    assert refused.condition("Stalled")["reason"] == "FieldMappingInvalid"
    assert account.writes() == []
    assert account.holder(waiting_opt_in) is None


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        pytest.param({"pull": {"schedule": "61 2 * * *"}}, "spec.pull.schedule", id="minute 61"),
        pytest.param({"pull": {"schedule": "every night"}}, "spec.pull.schedule", id="words"),
        pytest.param({"pull": {"timeZone": "America/Nowhere"}}, "spec.pull.timeZone", id="zone"),
    ],
    indirect=["refused"],
)
def test_a_schedule_that_does_not_exist_is_refused_by_the_name_of_its_field(
    refused: Integration, account: Account, named: str
) -> None:
    ready = refused.wait_for_reason("Ready", "InvalidSpec")

    assert ready["status"] == "False"
    assert named in ready["message"]
    assert refused.condition("Stalled")["reason"] == "InvalidSpec"
    assert account.operations() == []


def test_a_corrected_spec_is_taken_up_at_once(
    operator: OperatorProcess, shared_home: Home, account: Account, waiting_opt_in: str
) -> None:
    assert operator.is_alive()
    integration = shared_home.integrate(account, pull={"timeZone": "America/Nowhere"})
    integration.wait_for_reason("Ready", "InvalidSpec")

    integration.patch(pull={"timeZone": "Europe/Berlin"})
    integration.wait_for_first_push()

    assert integration.condition("Ready")["reason"] == "Synced"
    assert integration.condition("Stalled") == {}
    assert account.holder(waiting_opt_in) is not None
    integration.delete()


def as_localhost(simulators: Simulators, service: str) -> dict[str, Any]:
    """The same server by a name that is not on the list."""
    url: str = getattr(simulators, {"mobileCommons": "mobile_commons", "actionNetwork": "action_network"}[service])
    return {service: {"url": url.replace("127.0.0.1", "localhost")}}


@pytest.mark.parametrize("service", ["mobileCommons", "actionNetwork"])
def test_nothing_is_sent_when_an_origin_is_not_allowed(
    operator: OperatorProcess, shared_home: Home, account: Account, simulators: Simulators, service: str
) -> None:
    assert operator.is_alive()
    integration = shared_home.integrate(account, **as_localhost(simulators, service))

    refused = integration.wait_for_reason("CredentialsValid", "OriginNotAllowed")

    assert refused["status"] == "False"
    assert f"spec.{service}.url names http://localhost" in refused["message"]
    assert "ANMC_ALLOWED_ORIGINS" in refused["message"]
    assert integration.condition("Ready")["reason"] == "CredentialsInvalid"
    assert account.operations() == []
    integration.delete()
