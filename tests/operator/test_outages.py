"""A service that is down, from its first failed push to its recovery."""

from support.integrations import Integration
from support.simulators import Account, Simulators


def test_a_service_that_is_down_fails_pushes_and_two_in_a_row_make_the_whole_unready(
    integration: Integration, account: Account, simulators: Simulators
) -> None:
    simulators.fail("mobile-commons", "list_profiles", status=503)
    integration.run("push")
    after_one = integration.status()
    integration.run("push")
    after_two = integration.status()

    simulators.recover()
    phone = simulators.new_number()
    account.text_keyword(phone, email="priya.kim@example.org")
    recovered = integration.run("push")

    assert reasons(after_one)["PushSynced"] == ("False", "ServiceUnavailable")
    assert reasons(after_one)["Ready"] == ("True", "Synced")
    assert "Mobile Commons failed" in after_one["push"]["lastRun"]["message"]
    assert after_two["push"]["consecutiveFailures"] == 2
    assert reasons(after_two)["Ready"] == ("False", "PushFailing")
    assert reasons(after_two)["Reconciling"] == ("True", "ProgressingWithRetry")
    assert recovered["consecutiveFailures"] == 0
    assert reasons(integration.status())["Ready"] == ("True", "Synced")
    assert account.holder(phone) is not None
    assert integration.wait_for_event("SyncFailed")["count"] == 1
    assert integration.wait_for_event("SyncRecovered")["type"] == "Normal"


def reasons(status: dict[str, object]) -> dict[str, tuple[str, str]]:
    conditions = status["conditions"]
    assert isinstance(conditions, list)
    return {one["type"]: (one["status"], one["reason"]) for one in conditions}
