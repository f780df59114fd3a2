"""What switching an integration off and on again does."""

from datetime import UTC, datetime, timedelta

from support.integrations import Integration
from support.simulators import Account, Simulators
from support.waiting import wait_for


def test_an_inactive_integration_is_suspended_and_ready_as_wished(integration: Integration) -> None:
    integration.patch(active=False)
    integration.wait_for_reason("Suspended", "NotActive")

    conditions = {one["type"]: (one["status"], one["reason"]) for one in integration.status()["conditions"]}

    assert conditions["Ready"] == ("True", "NotActive")
    assert {"Reconciling", "Stalled"}.isdisjoint(conditions)
    assert integration.status()["observedGeneration"] == integration.get()["metadata"]["generation"]
    assert integration.wait_for_event("Deactivated")["type"] == "Normal"


def test_a_request_for_an_inactive_integration_is_answered_and_nothing_runs(
    integration: Integration, account: Account
) -> None:
    integration.patch(active=False)
    integration.wait_for_reason("Suspended", "NotActive")
    requests = account.operations()
    last_run = integration.status()["push"]["lastRun"]

    integration.wait_for_request("push", integration.request("push"))

    assert integration.wait_for_event("RequestIgnored")["type"] == "Warning"
    assert account.operations() == requests
    assert integration.status()["push"]["lastRun"] == last_run


def test_a_reactivated_integration_carries_what_happened_meanwhile(
    integration: Integration, account: Account, simulators: Simulators
) -> None:
    integration.patch(active=False)
    integration.wait_for_reason("Suspended", "NotActive")
    began = datetime.fromisoformat(integration.status()["push"]["lastRun"]["startTime"])
    # Times are kept in whole seconds: one that is both push and activation would be the push of the activation.
    wait_for("the second of the first push is over", lambda: datetime.now(UTC) - began > timedelta(seconds=1) or None)
    phone = simulators.new_number()
    account.text_keyword(phone, email="leila.park@example.org")
    assert account.holder(phone) is None

    integration.patch(active=True)
    integration.wait_for_reason("PushSynced", "Succeeded")

    assert account.holder(phone) is not None
    assert integration.condition("Ready")["reason"] == "Synced"
    assert integration.condition("Suspended") == {}
