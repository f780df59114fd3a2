"""The process itself: who leads, how it ends, what it says when it cannot start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.integrations import DEPLOY, Home
from support.operator_process import OperatorProcess
from support.simulators import TICKED, Account, Simulators
from support.waiting import wait_for

StartOperator = Callable[..., OperatorProcess]


def holder_of_the_lease(home: Home) -> str:
    holder: str = home.get("lease", "anmc-shard-0")["spec"]["holderIdentity"]
    return holder


def test_a_second_process_waits_takes_over_from_the_stopped_first_and_finishes_its_run(
    start_operator: StartOperator, home: Home, account: Account, simulators: Simulators
) -> None:
    numbers = [simulators.new_number() for _ in range(20)]
    first = start_operator(ANMC_POD_NAME="first").wait_until("leading")
    integration = home.integrate(account).wait_for_first_push()
    second = start_operator(ANMC_POD_NAME="second").wait_until("standby")
    led_by = holder_of_the_lease(home)
    for phone in numbers:
        account.add_person(phone=phone, email=f"{phone}@example.org", box=TICKED)
    simulators.slow_down("mobile-commons", "opt_in", seconds=1)
    token = integration.request("pull")
    wait_for("somebody was texted", lambda: account.texts() or None)

    exit_code = first.terminate()
    half_way = len(account.texts())
    simulators.recover()
    second.wait_until("leading")
    pull = integration.wait_for_request("pull", token)
    exit_code_of_second = second.terminate()

    assert led_by.startswith("first_")
    assert exit_code == 0
    assert 0 < half_way < len(numbers)
    assert pull["lastRun"]["result"] == "Succeeded"
    assert sorted(account.texts()) == sorted(numbers)
    assert exit_code_of_second == 0
    assert holder_of_the_lease(home) == ""


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANMC_LOG_LEVEL", "loud"),
        ("ANMC_ALLOWED_ORIGINS", "http://*.example.org"),
    ],
)
def test_a_bad_setting_ends_the_process_with_one_line_that_names_it(
    start_operator: StartOperator, variable: str, value: str
) -> None:
    process = start_operator(**{variable: value})

    assert process.wait_for_exit() == 2
    assert len(process.errors()) == 1
    assert process.errors()[0].startswith(f"anmc-operator: {variable}")
    assert value not in process.errors()[0]


@pytest.fixture
def rights_without_watching_secrets(home: Home, tmp_path: Path) -> Path:
    """A kubeconfig with the shipped rights in one namespace, except to list and watch Secrets."""
    role, _ = yaml.safe_load_all((DEPLOY / "rbac/operator_role.yaml").read_text())
    rules: list[dict[str, Any]] = [
        rule for rule in role["rules"] if "list" not in rule["verbs"] or rule["apiGroups"] != [""]
    ]
    lease_role = home.get("role", "anmc-operator-lease")
    group, name = "rbac.authorization.k8s.io", "without-watch"
    home.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        {
            "apiVersion": f"{group}/v1",
            "kind": "Role",
            "metadata": {"name": name},
            "rules": [*rules, *lease_role["rules"]],
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": home.name}],
        },
    )
    return home.cluster.service_account_kubeconfig(name, namespace=home.name, path=tmp_path / "kubeconfig")


def test_without_the_right_to_list_secrets_the_operator_serves_and_says_that_it_does_not_watch_them(
    start_operator: StartOperator, rights_without_watching_secrets: Path, home: Home, account: Account
) -> None:
    operator = start_operator(KUBECONFIG=str(rights_without_watching_secrets))
    operator.wait_until("leading")

    integration = home.integrate(account).wait_for_first_push()
    account.replace_key("rotated-without-a-watch")
    integration.put_network_secret(token=account.key)
    pull = integration.run("pull")

    assert operator.wait_for_log("secrets.watch_off")["level"] == "info"
    assert pull["lastRun"]["result"] == "Succeeded"
