"""What the operator leaves behind where people look: metrics, the object itself, and nothing about anybody."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.integrations import Home, Integration
from support.operator_process import OperatorProcess
from support.simulators import TICKED, Account, Simulators
from support.waiting import wait_for


@dataclass(frozen=True)
class Synced:
    """An integration after a push and some pulls, good and bad; what must not be seen of it anywhere."""

    account: Account
    integration: Integration
    people: list[str]
    credentials: list[str]


@pytest.fixture(scope="module")
def synced(operator: OperatorProcess, shared_home: Home, simulators: Simulators) -> Iterator[Synced]:
    assert operator.is_alive()
    account = simulators.open_account()
    integration = shared_home.integrate(account).wait_for_first_push()
    members = [simulators.new_number() for _ in range(4)]
    for place, phone in enumerate(members):
        account.text_keyword(
            phone, first_name="Quillonby", last_name="Vexworthy", email=f"quillonby.{place}@example.org"
        )
    account.text_stop(members[0])
    integration.run("push")
    wishing = [simulators.new_number() for _ in range(4)]
    for place, phone in enumerate(wishing):
        account.add_person(
            phone=phone,
            given_name="Thessaly",
            family_name="Brambledown",
            email=f"thessaly.{place}@example.org",
            locality="Umberwick",
            box=TICKED,
        )
    simulators.fail("mobile-commons", "opt_in", status=400)
    integration.run("pull")
    simulators.recover()
    integration.run("pull")
    account.replace_key("rotated-key-of-synced")
    integration.request("pull")
    integration.wait_for_reason("CredentialsValid", "AuthenticationFailed")
    national = [phone.removeprefix("1") for phone in members + wishing]
    names = ["Quillonby", "Vexworthy", "Thessaly", "Brambledown", "Umberwick", "@example.org"]
    yield Synced(account, integration, [*national, *names], [account.token, *account.keys])
    integration.delete()


def found(marks: list[str], text: str) -> list[str]:
    folded = text.casefold()
    return [mark for mark in marks if mark.casefold() in folded]


def test_the_services_were_told_everything_that_has_to_stay_out_of_sight(synced: Synced) -> None:
    assert found(synced.people, json.dumps(synced.account.requests())) == synced.people


@pytest.mark.parametrize("kind", ["dsi", "dsr", "events", "lease"])
def test_no_object_tells_anything_about_a_person(synced: Synced, shared_home: Home, kind: str) -> None:
    objects = shared_home.get(kind)["items"]

    assert objects
    assert found(synced.people + synced.credentials, json.dumps(objects)) == []


def test_the_log_tells_nothing_about_a_person(synced: Synced, operator: OperatorProcess) -> None:
    log = operator.log_text()

    assert f'"integration": "{synced.integration.name}"' in log
    assert found(synced.people + synced.credentials, log) == []


def test_the_metrics_tell_nothing_about_a_person(synced: Synced, operator: OperatorProcess) -> None:
    assert found(synced.people + synced.credentials, "\n".join(operator.metrics())) == []


def test_the_store_holds_nothing_that_names_a_person(synced: Synced, operator: OperatorProcess) -> None:
    files = list(operator.store.parent.glob(f"{operator.store.name}*"))
    content = "".join(file.read_bytes().decode("latin-1") for file in files)

    assert synced.integration.get()["metadata"]["uid"] in content
    assert found(synced.people + synced.credentials, content) == []


def test_the_operator_writes_to_nothing_of_an_integration_but_its_status(synced: Synced, shared_home: Home) -> None:
    metadata = shared_home.get("dsi", synced.integration.name, "--show-managed-fields")["metadata"]
    by_status = {bool(entry.get("subresource")): entry for entry in metadata["managedFields"]}
    others = [entry["manager"] for entry in metadata["managedFields"] if "subresource" not in entry]

    assert by_status[True]["subresource"] == "status"
    assert by_status[True]["fieldsV1"].keys() == {"f:status"}
    assert all(manager.startswith("kubectl") for manager in others)
    assert metadata["annotations"].keys() == {
        "kubectl.kubernetes.io/last-applied-configuration",
        "anmc.io/push-requested-at",
        "anmc.io/pull-requested-at",
    }
    assert "finalizers" not in metadata


def test_the_metrics_show_an_integration_until_it_is_deleted(
    integration: Integration, operator: OperatorProcess, shared_home: Home
) -> None:
    integration.run("pull")
    labels = f'integration="{integration.name}",integration_namespace="{shared_home.name}"'
    shown = {
        "active": operator.metric(f"anmc_integration_active{{{labels}}}"),
        "ready": operator.metric(f'anmc_integration_condition{{{labels},reason="Synced",status="True",type="Ready"}}'),
        "pulls": operator.metric(f'anmc_sync_runs_total{{direction="pull",{labels},result="Succeeded"}}'),
        "failures": operator.metric(f'anmc_sync_consecutive_failures{{direction="pull",{labels}}}'),
    }

    integration.delete()
    wait_for("its series are gone", lambda: integration.name not in "\n".join(operator.metrics()) or None)

    assert shown == {"active": 1, "ready": 1, "pulls": 1, "failures": 0}
