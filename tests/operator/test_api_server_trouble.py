"""An API server that goes away for longer than a Lease lives, or that does not know our kinds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devcluster import Cluster, control_plane
from support.integrations import DEPLOY, Home
from support.operator_process import OperatorProcess
from support.simulators import TICKED, Account, Simulators
from support.waiting import wait_for

StartHere = Callable[[], OperatorProcess]

PEOPLE = 30


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A control plane that no other test needs."""
    with control_plane() as running:
        running.kubectl("apply", "--server-side", "--force-conflicts", f"--kustomize={DEPLOY / 'default'}")
        yield running


@pytest.fixture
def own_home(own_cluster: Cluster, request: pytest.FixtureRequest) -> Home:
    name = f"test-{abs(hash(request.node.name)):x}"
    own_cluster.kubectl("create", "namespace", name)
    return Home(own_cluster, name)


@pytest.fixture
def start_here(own_home: Home, simulators: Simulators, tmp_path: Path) -> Iterator[StartHere]:
    """Start operators that serve the test's namespace of that control plane."""
    rights = own_home.cluster.service_account_kubeconfig(
        "anmc-operator", namespace="anmc-system", path=tmp_path / "kubeconfig"
    )
    started: list[OperatorProcess] = []

    def start() -> OperatorProcess:
        settings = {
            "KUBECONFIG": str(rights),
            "ANMC_NAMESPACES": own_home.name,
            "ANMC_LEASE_NAMESPACE": own_home.name,
            "ANMC_ALLOWED_ORIGINS": simulators.origins,
        }
        started.append(OperatorProcess(tmp_path, settings))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def test_an_operator_cut_off_for_longer_than_its_lease_ends_itself_and_the_next_one_goes_on(
    start_here: StartHere, own_home: Home, account: Account, simulators: Simulators
) -> None:
    numbers = [simulators.new_number() for _ in range(PEOPLE)]
    first = start_here().wait_until("leading")
    integration = own_home.integrate(account).wait_for_first_push()
    for phone in numbers:
        account.add_person(phone=phone, email=f"{phone}@example.org", box=TICKED)
    simulators.slow_down("mobile-commons", "opt_in", seconds=5)
    token = integration.request("pull")
    wait_for("somebody was texted", lambda: account.texts() or None)

    own_home.cluster.freeze()
    try:
        exit_code = first.wait_for_exit()
    finally:
        own_home.cluster.thaw()
    half_way = len(account.texts())
    simulators.recover()
    second = start_here().wait_until("leading")
    pull = integration.wait_for_request("pull", token)

    assert exit_code == 3
    assert first.errors() == ["anmc-operator: the Lease was lost; another process may lead now"]
    assert 0 < half_way < PEOPLE
    assert pull["lastRun"]["result"] == "Succeeded"
    assert sorted(account.texts()) == sorted(numbers)
    assert second.is_alive()


def test_without_the_definitions_the_operator_ends_with_one_line_that_says_so(
    own_cluster: Cluster, start_here: StartHere
) -> None:
    own_cluster.kubectl("delete", "crd", "datasyncintegrations.anmc.io")
    try:
        process = start_here()
        exit_code = process.wait_for_exit()
    finally:
        own_cluster.kubectl("apply", "--server-side", "--force-conflicts", f"--kustomize={DEPLOY / 'default'}")
        own_cluster.kubectl("wait", "crd", "datasyncintegrations.anmc.io", "--for=condition=Established")

    assert exit_code == 1
    assert process.errors() == ["anmc-operator: the CRDs of anmc.io are not installed: apply the crds directory first"]
