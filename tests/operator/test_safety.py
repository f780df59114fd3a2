"""A run that would opt out too many people stops; an override lets it pass, once."""

from support.integrations import Integration
from support.simulators import TICKED, UNTICKED, Account

MEMBERS = 24
"""More than the twenty that never stop a run."""


def outcomes(status: dict[str, object]) -> dict[str, int]:
    last = status["lastRun"]
    assert isinstance(last, dict)
    return {each["category"]: each["count"] for each in last.get("outcomes", ())}


def test_withdrawals_beyond_the_limit_wait_for_an_override(integration: Integration, account: Account) -> None:
    numbers = [account.simulators.new_number() for _ in range(MEMBERS)]
    people = [account.add_person(phone=number, box=TICKED) for number in numbers]
    for number in numbers:
        account.text_keyword(number)
    integration.run("pull")
    for person_id in people:
        account.set_box(person_id, UNTICKED)

    stopped = integration.run("pull")

    assert stopped["lastRun"]["result"] == "Failed"
    assert outcomes(stopped) == {"Held": MEMBERS}
    assert integration.condition("PullSynced")["reason"] == "SafetyStop"
    assert integration.condition("Stalled")["reason"] == "SafetyStop"
    assert "opt_out" not in account.operations()
    assert integration.wait_for_event("SafetyStop")["type"] == "Warning"
    report = next(
        each["report"] for each in integration.reports() if each["metadata"]["name"] == stopped["lastRun"]["reportName"]
    )
    assert (report["result"], report["details"][0]["reason"]) == ("Failed", "OptOutLimitReached")

    token = integration.override_safety()
    integration.wait(".status.lastHandledSafetyOverride", token)

    assert outcomes(integration.status()["pull"]) == {"OptedOutInMobileCommons": MEMBERS}
    assert {status for number in numbers for status in account.subscriptions(number)} == {"Opted-Out"}
    assert integration.condition("Stalled") == {}
    assert integration.condition("PullSynced")["reason"] == "Succeeded"
