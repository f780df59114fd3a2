"""`kill -9` in the middle of a pull, and what the next process makes of it."""

from collections.abc import Callable

from support.integrations import Home
from support.operator_process import OperatorProcess
from support.simulators import TICKED, Account, Simulators
from support.waiting import wait_for

PEOPLE = 20


def test_a_killed_pull_is_finished_by_the_next_process_and_nobody_is_texted_twice(
    start_operator: Callable[[], OperatorProcess], home: Home, account: Account, simulators: Simulators
) -> None:
    numbers = [simulators.new_number() for _ in range(PEOPLE)]
    first = start_operator().wait_until("leading")
    integration = home.integrate(account).wait_for_first_push()
    for phone in numbers:
        account.add_person(phone=phone, email=f"{phone}@example.org", box=TICKED)
    simulators.slow_down("mobile-commons", "opt_in", seconds=1)
    token = integration.request("pull")
    wait_for("somebody was texted", lambda: account.texts() or None)

    first.kill()
    half_way = len(account.texts())
    run_in_hand = integration.status()["pull"]["currentRun"]["id"]
    simulators.recover()
    second = start_operator()
    second.wait_for_log("lease.waiting")
    pull = integration.wait_for_request("pull", token)

    assert 0 < half_way < PEOPLE
    assert pull["lastRun"]["id"] == run_in_hand
    assert pull["lastRun"]["result"] == "Succeeded"
    assert "currentRun" not in pull
    assert pull["lastRun"]["outcomes"] == [{"category": "Subscribed", "count": PEOPLE}]
    assert sorted(account.texts()) == sorted(numbers)
    assert [account.subscriptions(phone) for phone in numbers] == [["Active"]] * PEOPLE
