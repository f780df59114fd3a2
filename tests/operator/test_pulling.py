"""A requested pull, from a ticked box to the welcome text, and what is told of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.integrations import Home, Integration, Manifest
from support.operator_process import OperatorProcess
from support.simulators import ID_COLUMN, TICKED, Account, Simulators


@dataclass(frozen=True)
class Pulled:
    """Somebody new and a former member, what the first pull did to them, and what the second one did."""

    account: Account
    integration: Integration
    newcomer: str
    newcomer_id: str
    former_member: str
    status: Manifest
    writes: list[str]
    status_of_second: Manifest
    writes_of_second: list[str]


@pytest.fixture(scope="module")
def pulled(operator: OperatorProcess, shared_home: Home, simulators: Simulators) -> Iterator[Pulled]:
    assert operator.is_alive()
    account = simulators.open_account()
    integration = shared_home.integrate(account).wait_for_first_push()
    newcomer, former_member = simulators.new_number(), simulators.new_number()
    account.text_keyword(former_member)
    account.text_stop(former_member)
    account.add_person(phone=former_member, email="olga.vega@example.org", box=TICKED)
    newcomer_id = account.add_person(
        phone=newcomer, given_name="Rosa", family_name="Quist", email="rosa.quist@example.org", box=TICKED
    )

    first = integration.run("pull")
    writes = account.writes()
    second = integration.run("pull")

    yield Pulled(
        account=account,
        integration=integration,
        newcomer=newcomer,
        newcomer_id=newcomer_id,
        former_member=former_member,
        status=first,
        writes=writes,
        status_of_second=second,
        writes_of_second=account.writes()[len(writes) :],
    )
    integration.delete()


def test_a_ticked_box_becomes_a_profile_with_the_person_in_its_column(pulled: Pulled) -> None:
    profile = pulled.account.profile(pulled.newcomer)

    assert profile is not None
    assert (profile["fields"]["first_name"], profile["fields"]["last_name"]) == ("Rosa", "Quist")
    assert profile["fields"]["email"] == "rosa.quist@example.org"
    assert profile["columns"] == {ID_COLUMN: pulled.newcomer_id}


def test_a_ticked_box_subscribes_once_and_sends_one_text(pulled: Pulled) -> None:
    assert pulled.account.subscriptions(pulled.newcomer) == ["Active"]
    assert pulled.writes.count("opt_in") == 1
    assert pulled.account.texts() == [pulled.newcomer]


def test_a_former_member_stays_out_and_gets_no_text(pulled: Pulled) -> None:
    assert pulled.account.subscriptions(pulled.former_member) == ["Opted-Out"]
    assert pulled.former_member not in pulled.account.texts()


def test_the_outcomes_of_a_pull_add_up_to_the_records_it_read(pulled: Pulled) -> None:
    last = pulled.status["lastRun"]

    assert last["result"] == "Succeeded"
    assert last["recordsRead"] == sum(outcome["count"] for outcome in last["outcomes"]) == 2
    assert {"category": "Subscribed", "count": 1} in last["outcomes"]


def test_every_pull_leaves_a_report(pulled: Pulled) -> None:
    reports = {report["metadata"]["name"]: report["report"] for report in pulled.integration.reports()}
    report = reports[pulled.status["lastRun"]["reportName"]]

    assert pulled.status_of_second["lastRun"]["reportName"] in reports
    assert report["recordsRead"] == 2
    assert {"category": "Subscribed", "reason": "Applied", "actionNetworkId": pulled.newcomer_id}.items() <= next(
        line for line in report["details"] if line["category"] == "Subscribed"
    ).items()


def test_a_second_pull_writes_nothing(pulled: Pulled) -> None:
    assert pulled.writes_of_second == []
    assert pulled.status_of_second["lastRun"]["result"] == "Succeeded"


def test_the_whole_is_ready_after_a_push_and_a_pull(pulled: Pulled) -> None:
    conditions = {one["type"]: (one["status"], one["reason"]) for one in pulled.integration.status()["conditions"]}

    assert conditions == {
        "Ready": ("True", "Synced"),
        "CredentialsValid": ("True", "Verified"),
        "PushSynced": ("True", "NothingToDo"),
        "PullSynced": ("True", "Succeeded"),
    }


def test_a_pull_is_announced(pulled: Pulled) -> None:
    event = pulled.integration.wait_for_event("PullCompleted")

    assert event["type"] == "Normal"
    assert event["involvedObject"]["uid"] == pulled.integration.get()["metadata"]["uid"]
    assert "2 people read" in event["message"]
