"""A requested push, from the text of a person to the record in Action Network, and what is told of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.integrations import Home, Integration, Manifest
from support.operator_process import OperatorProcess
from support.simulators import BOX, ID_COLUMN, TICKED, UNTICKED, Account, Record, Simulators


@dataclass(frozen=True)
class Pushed:
    """Three people, what the first push did to them, and what the second one did."""

    account: Account
    integration: Integration
    joined: str
    joined_without_email: str
    left: Record
    status: Manifest
    writes: list[str]
    status_of_second: Manifest
    writes_of_second: list[str]


@pytest.fixture(scope="module")
def pushed(operator: OperatorProcess, shared_home: Home, simulators: Simulators) -> Iterator[Pushed]:
    assert operator.is_alive()
    account = simulators.open_account()
    integration = shared_home.integrate(account).wait_for_first_push()
    joined, joined_without_email, left = (simulators.new_number() for _ in range(3))
    account.text_keyword(joined, first_name="Ada", last_name="Brook", email="ada.brook@example.org")
    account.text_keyword(joined_without_email, first_name="Ben")
    person = account.add_person(phone=left, email="hugo.hale@example.org", box=TICKED)
    account.text_keyword(left)
    account.text_stop(left)

    first = integration.run("push")
    writes = account.writes()
    second = integration.run("push")

    yield Pushed(
        account=account,
        integration=integration,
        joined=joined,
        joined_without_email=joined_without_email,
        left=account.person(person),
        status=first,
        writes=writes,
        status_of_second=second,
        writes_of_second=account.writes()[len(writes) :],
    )
    integration.delete()


def test_an_opt_in_becomes_an_opted_in_person_whose_id_lands_in_the_column(pushed: Pushed) -> None:
    person, profile = pushed.account.holder(pushed.joined), pushed.account.profile(pushed.joined)

    assert person is not None
    assert profile is not None
    assert (person["given_name"], person["family_name"]) == ("Ada", "Brook")
    assert person["email_addresses"][0]["address"] == "ada.brook@example.org"
    assert person["custom_fields"] == {BOX: TICKED}
    assert profile["columns"] == {ID_COLUMN: person["id"]}


def test_an_opt_in_without_an_email_address_is_not_exported(pushed: Pushed) -> None:
    assert pushed.account.holder(pushed.joined_without_email) is None
    assert {"category": "NoExport", "count": 1} in pushed.status["lastRun"]["outcomes"]


def test_an_opt_out_unticks_the_box_of_the_matched_person(pushed: Pushed) -> None:
    assert pushed.left["custom_fields"] == {BOX: UNTICKED}


def test_a_push_writes_no_more_than_it_has_to(pushed: Pushed) -> None:
    assert sorted(pushed.writes) == ["create_person", "update_person", "update_profile"]


def test_the_outcomes_of_a_push_add_up_to_the_records_it_read(pushed: Pushed) -> None:
    last = pushed.status["lastRun"]

    assert last["trigger"] == "Request"
    assert last["result"] == "Succeeded"
    assert last["recordsRead"] == sum(outcome["count"] for outcome in last["outcomes"]) == 3


def test_the_report_of_a_push_tells_the_same_as_its_status(pushed: Pushed) -> None:
    last = pushed.status["lastRun"]
    report = next(one for one in pushed.integration.reports() if one["metadata"]["name"] == last["reportName"])

    assert report["metadata"]["ownerReferences"][0]["name"] == pushed.integration.name
    assert report["report"]["direction"] == "Push"
    assert report["report"]["recordsRead"] == last["recordsRead"]
    assert report["report"]["changed"] == 2
    assert sorted(one["category"] for one in report["report"]["summary"]) == sorted(
        one["category"] for one in last["outcomes"]
    )


def test_a_second_push_writes_nothing(pushed: Pushed) -> None:
    assert pushed.writes_of_second == []
    assert pushed.status_of_second["lastRun"]["result"] == "Succeeded"
