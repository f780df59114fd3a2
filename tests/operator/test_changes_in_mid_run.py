"""An integration deleted, switched off or edited while its pull goes on."""

import pytest

from support.integrations import Home, Integration
from support.operator_process import OperatorProcess
from support.simulators import TICKED, Account, Simulators
from support.waiting import wait_for


@pytest.fixture
def pulling(integration: Integration, account: Account, simulators: Simulators) -> Integration:
    """An integration with a report whose requested pull waits for its second page; the first has an opt-in."""
    account.text_keyword(simulators.new_number())
    integration.run("push")
    for place in range(30):
        account.add_person(email=f"reader.{place}@example.org")
    account.add_person(phone=simulators.new_number(), email="uma.young@example.org", box=TICKED)
    simulators.slow_down("action-network", "list_people", seconds=2)
    integration.request("pull")
    integration.wait(".status.pull.currentRun.id")
    wait_for("the first page has been read", lambda: "list_people" in account.operations() or None)
    return integration


def failed_status_writes(operator: OperatorProcess) -> float:
    return operator.metric('anmc_kube_writes_total{object="status",result="failed"}')


def test_a_deleted_integration_is_gone_at_once_and_its_run_ends(
    pulling: Integration, operator: OperatorProcess, account: Account
) -> None:
    failed_before = failed_status_writes(operator)

    pulling.delete()
    gone = not pulling.exists()
    operator.wait_for_log("run.interrupted", integration=pulling.name)
    reads = account.operations().count("list_people")
    wait_for("its series have left the metrics", lambda: pulling.name not in "".join(operator.metrics()) or None)
    wait_for("its reports are collected", lambda: pulling.reports() == [] or None)

    assert gone
    assert account.operations().count("list_people") == reads
    assert account.texts() == []
    assert failed_status_writes(operator) - failed_before <= 1
    assert operator.is_alive()


def test_an_integration_of_the_same_name_inherits_nothing_from_a_run_of_the_deleted_one(
    pulling: Integration, operator: OperatorProcess
) -> None:
    pulling.delete()
    pulling.create(active=False)
    operator.wait_for_log("run.interrupted", integration=pulling.name)
    pulling.wait_for_request("push", pulling.request("push"))
    status = pulling.status()

    assert status["push"] == {"lastHandledRequest": status["push"]["lastHandledRequest"], "consecutiveFailures": 0}
    assert "lastRun" not in status["pull"]
    assert "activeSinceTime" not in status


def test_a_deactivated_integration_stops_and_goes_on_once_it_is_active_again(
    pulling: Integration, account: Account, simulators: Simulators
) -> None:
    pulling.patch(active=False)
    pulling.wait_for_reason("Suspended", "NotActive")
    stopped = pulling.status()
    texts_while_inactive = account.texts()

    simulators.recover()
    pulling.patch(active=True)
    pulling.wait_for_reason("PullSynced", "Succeeded")

    assert stopped["pull"]["lastRun"]["result"] == "Interrupted"
    assert "currentRun" not in stopped["pull"]
    assert texts_while_inactive == []
    assert len(account.texts()) == 1


def test_an_edited_integration_ends_its_run_and_does_it_anew_by_the_new_spec(
    pulling: Integration, operator: OperatorProcess, account: Account, simulators: Simulators
) -> None:
    first = pulling.status()["pull"]["currentRun"]["id"]

    pulling.patch(notes="Ask the digital team before changing.")
    operator.wait_for_log("run.interrupted", integration=pulling.name, direction="pull")
    simulators.recover()
    pulling.wait_for_reason("PullSynced", "Succeeded")
    last = pulling.status()["pull"]["lastRun"]

    assert last["id"] != first
    assert last["recordsRead"] == 31
    pulls = [report["report"] for report in pulling.reports() if report["report"]["direction"] == "Pull"]
    assert [report["generation"] for report in pulls] == [pulling.get()["metadata"]["generation"]]
    assert len(account.texts()) == 1


def test_an_edit_during_the_verification_is_verified_too(
    operator: OperatorProcess, shared_home: Home, account: Account, simulators: Simulators
) -> None:
    assert operator.is_alive()
    account.text_keyword(simulators.new_number(), email="viktor.xu@example.org")
    simulators.slow_down("action-network", "list_custom_fields", seconds=2, times=1)
    integration = shared_home.integrate(account)
    wait_for("the verification has begun", lambda: "list_campaigns" in account.operations() or None)

    integration.patch(actionNetwork={"optInField": "no_such_box"})
    integration.wait_for_reason("Ready", "FieldMappingInvalid")

    assert account.writes() == []
    integration.delete()
