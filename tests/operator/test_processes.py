"""The process itself: who leads, how it ends, what it says when it cannot start."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.integrations import DEPLOY, Home
from support.simulators import TICKED, Account
from support.stage import Stage
from support.waiting import wait_for

pytestmark = pytest.mark.slow(seconds=45)


def holder_of_the_lease(home: Home) -> str:
    holder: str = home.get("lease", "anmc-shard-0")["spec"]["holderIdentity"]
    return holder


def test_a_second_process_waits_takes_over_from_the_stopped_first_and_finishes_its_run(
    stage: Stage, account: Account
) -> None:
    numbers = [stage.simulators.new_number() for _ in range(20)]
    first = stage.start(ANMC_POD_NAME="first").wait_until("leading")
    second = stage.start(ANMC_POD_NAME="second")
    integration = stage.home.integrate(account, mobileCommons={"maxConcurrentRequests": 4}).wait_for_first_push()
    for phone in numbers:
        account.add_person(phone=phone, email=f"{phone}@example.org", box=TICKED)
    second.wait_until("standby")
    led_by = holder_of_the_lease(stage.home)
    stage.simulators.slow_down("mobile-commons", "opt_in", seconds=1)
    token = integration.request("pull")
    wait_for("somebody was texted", lambda: account.texts() or None)

    exit_code = first.terminate()
    half_way = len(account.texts())
    stage.simulators.recover()
    second.wait_until("leading")
    pull = integration.wait_for_request("pull", token)
    exit_code_of_second = second.terminate()

    assert led_by.startswith("first_")
    assert exit_code == 0
    assert 0 < half_way < len(numbers)
    assert pull["lastRun"]["result"] == "Succeeded"
    assert sorted(account.texts()) == sorted(numbers)
    assert exit_code_of_second == 0
    assert holder_of_the_lease(stage.home) == ""


def test_a_bad_setting_ends_the_process_with_one_line_that_names_it(stage: Stage) -> None:
    bad = {"ANMC_LOG_LEVEL": "loud", "ANMC_ALLOWED_ORIGINS": "http://*.example.org"}
    processes = {variable: stage.start(**{variable: value}) for variable, value in bad.items()}
    exit_codes = [process.wait_for_exit() for process in processes.values()]

    assert exit_codes == [2, 2]
    for variable, process in processes.items():
        (line,) = process.errors()
        assert line.startswith(f"anmc-operator: {variable}")
        assert bad[variable] not in line


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
    stage: Stage, rights_without_watching_secrets: Path, account: Account
) -> None:
    operator = stage.start(KUBECONFIG=str(rights_without_watching_secrets))
    operator.wait_until("leading")

    integration = stage.home.integrate(account).wait_for_first_push()
    account.replace_key("rotated-without-a-watch")
    integration.put_network_secret(token=account.key)
    pull = integration.run("pull")

    assert operator.wait_for_log("secrets.watch_off")["level"] == "info"
    assert pull["lastRun"]["result"] == "Succeeded"
