"""Faults that take their time: a service that is down, a killed process, an API server that is away.

Each is a story of half a minute or more that mostly waits. So all are told at the same time, in threads, and a
test is the end of its story.
"""

import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from devcluster import Cluster, control_plane
from support.integrations import DEPLOY, Home, Integration, Manifest
from support.operator_process import OperatorProcess
from support.simulators import TICKED, Account, running_simulators
from support.stage import Stage
from support.waiting import wait_for

pytestmark = [
    pytest.mark.timeout(300),  # whoever comes first waits for a whole story while the others use the machine
    pytest.mark.slow(seconds=145),
]

PEOPLE: Final = 20
AT_A_TIME: Final = 4
"""Fewer than there are people, so that a pull can be caught half-way."""


@dataclass(frozen=True)
class Stories:
    """What is told at the same time; the last one hands over a process that found no definitions."""

    outage: Future[None]
    killed_pull: Future[None]
    absent_api_server: Future[OperatorProcess]


@pytest.fixture(scope="module")
def stories(installed: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    with ThreadPoolExecutor() as threads:
        yield Stories(
            outage=threads.submit(tell_of_an_outage, installed, tmp_path_factory.mktemp("outage")),
            killed_pull=threads.submit(tell_of_a_killed_pull, installed, tmp_path_factory.mktemp("killed-pull")),
            absent_api_server=threads.submit(tell_of_an_absent_api_server, tmp_path_factory.mktemp("absent")),
        )


def test_a_service_that_is_down_fails_pushes_and_two_in_a_row_make_the_whole_unready(stories: Stories) -> None:
    stories.outage.result()


def test_a_killed_pull_is_finished_by_the_next_process_and_nobody_is_texted_twice(stories: Stories) -> None:
    stories.killed_pull.result()


def test_an_operator_cut_off_for_longer_than_its_lease_ends_itself_and_the_next_one_goes_on(stories: Stories) -> None:
    stories.absent_api_server.result()


def test_without_the_definitions_the_operator_ends_with_one_line_that_says_so(stories: Stories) -> None:
    process = stories.absent_api_server.result()

    assert process.wait_for_exit() == 1
    assert process.errors() == ["anmc-operator: the CRDs of anmc.io are not installed: apply the crds directory first"]


def tell_of_an_outage(cluster: Cluster, directory: Path) -> None:
    with a_stage(cluster, directory) as stage:
        account, phone = stage.simulators.open_account(), stage.simulators.new_number()
        stage.start().wait_until("leading")
        integration = stage.home.integrate(account).wait_for_first_push()

        stage.simulators.fail("mobile-commons", "list_profiles", status=503)
        integration.run("push")
        after_one = integration.status()
        integration.run("push")
        after_two = integration.status()
        stage.simulators.recover()
        account.text_keyword(phone, email="priya.kim@example.org")
        integration.run("push")
        recovered = integration.status()

        assert reasons(after_one)["PushSynced"] == ("False", "ServiceUnavailable")
        assert reasons(after_one)["Ready"] == ("True", "Synced")
        assert "Mobile Commons failed" in after_one["push"]["lastRun"]["message"]
        assert after_two["push"]["consecutiveFailures"] == 2
        assert reasons(after_two)["Ready"] == ("False", "PushFailing")
        assert reasons(after_two)["Reconciling"] == ("True", "ProgressingWithRetry")
        assert recovered["push"]["consecutiveFailures"] == 0
        assert reasons(recovered)["Ready"] == ("True", "Synced")
        assert account.holder(phone) is not None
        assert integration.wait_for_event("SyncRecovered")["type"] == "Normal"
        assert integration.wait_for_event("SyncFailed")["count"] == 1


def tell_of_a_killed_pull(cluster: Cluster, directory: Path) -> None:
    with a_stage(cluster, directory) as stage:
        operator = stage.start().wait_until("leading")
        pull = SlowPull(stage, seconds=1)

        operator.kill()
        pull.note_where_it_stands()
        stage.start().wait_for_log("lease.waiting")

        pull.check_its_end()


def tell_of_an_absent_api_server(directory: Path) -> OperatorProcess:
    with control_plane() as cluster:
        cluster.kubectl("apply", "--server-side", "--force-conflicts", f"--kustomize={DEPLOY / 'default'}")
        with a_stage(cluster, directory) as stage:
            operator = stage.start().wait_until("leading")
            pull = SlowPull(stage, seconds=8)  # slow enough to be unfinished when the Lease is over

            cluster.freeze()
            try:
                exit_code = operator.wait_for_exit()
            finally:
                cluster.thaw()
            pull.note_where_it_stands()
            next_one = stage.start()

            assert exit_code == 3
            assert operator.errors() == ["anmc-operator: the Lease was lost; another process may lead now"]
            pull.check_its_end()
            next_one.kill()

            cluster.kubectl("delete", "crd", "datasyncintegrations.anmc.io")
            without_definitions = stage.start()
            without_definitions.wait_for_exit()
            return without_definitions


class SlowPull:
    """A requested pull that has texted some people and not the others; an opt-in call takes `seconds`."""

    def __init__(self, stage: Stage, *, seconds: float) -> None:
        self._simulators = stage.simulators
        self._account: Account = stage.simulators.open_account()
        integration = stage.home.integrate(self._account, mobileCommons={"maxConcurrentRequests": AT_A_TIME})
        self._integration: Integration = integration.wait_for_first_push()
        self._numbers = [stage.simulators.new_number() for _ in range(PEOPLE)]
        for phone in self._numbers:
            self._account.add_person(phone=phone, email=f"{phone}@example.org", box=TICKED)
        stage.simulators.slow_down("mobile-commons", "opt_in", seconds=seconds)
        self._token = self._integration.request("pull")
        wait_for("somebody was texted", lambda: self._account.texts() or None)

    def note_where_it_stands(self) -> None:
        """Check that it has been caught half-way; what follows goes at full speed."""
        assert 0 < len(self._account.texts()) < PEOPLE
        self._run: str = self._integration.status()["pull"]["currentRun"]["id"]
        self._simulators.recover()

    def check_its_end(self) -> None:
        """Check that it is the same run that ends well, with everybody subscribed and texted once."""
        pull = self._integration.wait_for_request("pull", self._token)

        assert pull["lastRun"]["id"] == self._run
        assert pull["lastRun"]["result"] == "Succeeded"
        assert pull["lastRun"]["outcomes"] == [{"category": "Subscribed", "count": PEOPLE}]
        assert "currentRun" not in pull
        assert sorted(self._account.texts()) == sorted(self._numbers)
        assert [self._account.subscriptions(phone) for phone in self._numbers] == [["Active"]] * PEOPLE


@contextmanager
def a_stage(cluster: Cluster, directory: Path) -> Iterator[Stage]:
    """Give a namespace, and services that nobody else slows down."""
    rights = cluster.service_account_kubeconfig("anmc-operator", namespace="anmc-system", path=directory / "kubeconfig")
    home = Home(cluster, f"test-{uuid.uuid4().hex[:12]}")
    with running_simulators(directory) as simulators:
        stage = Stage(home, rights=rights, simulators=simulators, directory=directory)
        try:
            yield stage
        finally:
            stage.clear()
            home.leave()


def reasons(status: Manifest) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
