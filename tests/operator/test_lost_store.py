"""An operator that finds an empty store beside full services."""

from support.simulators import TICKED, UNTICKED, Account
from support.stage import Stage


def test_a_lost_store_texts_nobody_and_comes_back_from_the_services(stage: Stage, account: Account) -> None:
    first = stage.start().wait_until("leading")
    linked, left, withdrawn = (account.simulators.new_number() for _ in range(3))
    people = [account.add_person(phone=number, box=TICKED) for number in (linked, left, withdrawn)]
    integration = stage.home.integrate(account).wait_for_first_push()
    integration.run("pull")
    account.text_stop(left)
    account.set_box(people[2], UNTICKED)
    integration.run("push")
    integration.run("pull")
    texts, before = account.texts(), integration.status()["people"]
    account.set_box(people[1], TICKED)
    first.terminate()
    first.store.unlink()

    stage.start().wait_until("leading")
    integration.run("pull")
    integration.run("push")
    account.simulators.post("/reset", {"only": ["journal"]})
    second_pull, second_push = integration.run("pull"), integration.run("push")

    after = integration.status()["people"]
    assert sorted(texts) == sorted([linked, left, withdrawn])
    assert account.texts() == []
    assert account.writes() == []
    assert account.subscriptions(left) == account.subscriptions(withdrawn) == ["Opted-Out"]
    assert (after["linked"], after["suppressed"]) == (before["linked"], before["suppressed"]) == (3, 2)
    assert second_pull["lastRun"]["result"] == second_push["lastRun"]["result"] == "Succeeded"
