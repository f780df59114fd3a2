"""What the first pull after the activation takes in, what a full one does, what a dry one does not."""

import pytest

from support.integrations import Home
from support.operator_process import OperatorProcess
from support.simulators import ID_COLUMN, TICKED, Account


@pytest.mark.parametrize(
    ("initial_sync", "is_linked", "is_taken_in"),
    [
        pytest.param("Window", False, False, id="window-leaves-old-records-alone"),
        pytest.param("LinkOnly", True, False, id="link-only-joins-what-is-there"),
        pytest.param("Full", True, True, id="full-takes-everybody"),
    ],
)
def test_the_first_pull_takes_in_what_initial_sync_says(
    operator: OperatorProcess,
    shared_home: Home,
    account: Account,
    initial_sync: str,
    *,
    is_linked: bool,
    is_taken_in: bool,
) -> None:
    assert operator.is_alive()
    unknown, known = account.simulators.new_number(), account.simulators.new_number()
    account.add_person(phone=unknown, box=TICKED, days_ago=30)
    known_id = account.add_person(phone=known, box=TICKED, days_ago=30)
    account.add_profile(known)
    integration = shared_home.integrate(account, initialSync=initial_sync).wait_for_first_push()

    pulled = integration.run("pull")

    assert pulled["lastRun"]["result"] == "Succeeded"
    assert (account.profile(unknown) is not None) is is_taken_in
    assert sorted(account.texts()) == (sorted([unknown, known]) if is_taken_in else [])
    profile = account.profile(known)
    assert profile is not None
    assert (profile["columns"].get(ID_COLUMN) == known_id) is is_linked
    integration.delete()


def test_a_requested_full_pull_takes_in_everybody(
    operator: OperatorProcess, shared_home: Home, account: Account
) -> None:
    assert operator.is_alive()
    old = account.simulators.new_number()
    account.add_person(phone=old, box=TICKED, days_ago=30)
    integration = shared_home.integrate(account).wait_for_first_push()
    nightly = integration.run("pull")
    before = account.texts()

    full = integration.run_full_pull()

    assert (nightly["lastRun"]["recordsRead"], full["lastRun"]["recordsRead"]) == (0, 1)
    assert (before, account.texts()) == ([], [old])
    integration.delete()


def test_a_dry_run_reports_what_it_would_do_and_writes_nothing(
    operator: OperatorProcess, shared_home: Home, account: Account
) -> None:
    assert operator.is_alive()
    number = account.simulators.new_number()
    account.add_person(phone=number, box=TICKED)
    integration = shared_home.integrate(account, pull={"mode": "DryRun"}).wait_for_first_push()
    integration.wait(".status.pull.lastRun.result", "DryRun")

    [report] = [each["report"] for each in integration.reports() if each["report"]["direction"] == "Pull"]
    integration.patch(pull={"mode": "Apply"})
    real = integration.run("pull")

    assert report["mode"] == "DryRun"
    assert [(line["category"], line["reason"]) for line in report["details"]] == [("Subscribed", "Planned")]
    assert {each["category"]: each["count"] for each in real["lastRun"]["outcomes"]} == {"Subscribed": 1}
    assert account.texts() == [number]
    integration.delete()
