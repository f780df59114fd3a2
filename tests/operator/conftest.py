"""One operator, one cluster and one pair of services for the tests that leave the process alone."""

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster import Cluster

# The helpers that several test modules share live beside the tests, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.integrations import DEPLOY, Home, Integration
from support.operator_process import OperatorProcess
from support.simulators import Account, Simulators, running_simulators
from support.stage import Stage


@pytest.fixture(scope="session")
def installed(cluster: Cluster) -> Cluster:
    """Install namespace, definitions and rights, as `kubectl apply -k` does for a user."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", f"--kustomize={DEPLOY / 'default'}")
    return cluster


@pytest.fixture(scope="session")
def rights(installed: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig with the operator's shipped rights and no others."""
    path = tmp_path_factory.mktemp("rights") / "kubeconfig"
    return installed.service_account_kubeconfig("anmc-operator", namespace="anmc-system", path=path)


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    """Both services, with nobody in them."""
    with running_simulators(tmp_path_factory.mktemp("simulators")) as running:
        yield running


@pytest.fixture(scope="session")
def shared_home(installed: Cluster) -> Iterator[Home]:
    """The namespace that the shared operator serves."""
    yield from _home(installed)


@pytest.fixture(scope="session")
def operator(
    shared_home: Home, rights: Path, simulators: Simulators, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """The operator of all tests that do not end it."""
    stage = Stage(shared_home, rights=rights, simulators=simulators, directory=tmp_path_factory.mktemp("operator"))
    try:
        # At debug, so that a test can search the log for what must not be in it.
        yield stage.start(ANMC_LOG_LEVEL="debug").wait_until("leading")
    finally:
        stage.clear()


@pytest.fixture
def home(installed: Cluster) -> Iterator[Home]:
    """A namespace for operators that belong to one test."""
    yield from _home(installed)


@pytest.fixture
def stage(home: Home, rights: Path, simulators: Simulators, tmp_path: Path) -> Iterator[Stage]:
    """A place to start operators that belong to one test; they share a store and end with the test."""
    stage = Stage(home, rights=rights, simulators=simulators, directory=tmp_path)
    yield stage
    stage.clear()


@pytest.fixture
def account(simulators: Simulators) -> Iterator[Account]:
    """An account that belongs to one test; faults end with the test."""
    yield simulators.open_account()
    simulators.recover()


@pytest.fixture
def integration(operator: OperatorProcess, shared_home: Home, account: Account) -> Iterator[Integration]:
    """An integration whose first push has ended."""
    assert operator.is_alive()
    integration = shared_home.integrate(account).wait_for_first_push()
    yield integration
    integration.delete()


def _home(cluster: Cluster) -> Iterator[Home]:
    home = Home(cluster, f"test-{uuid.uuid4().hex[:12]}")
    yield home
    home.leave()
