import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from devcluster import Cluster, KubectlFailed, control_plane, processes, start, stop
from devcluster.cluster import Origin
from devcluster.crds import find_crds

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
TOOLS = Path(__file__).resolve().parents[2] / "tools"

OWNER = """
from devcluster import control_plane
with control_plane() as cluster:
    print(cluster.directory, flush=True)
    input()
"""


@pytest.fixture
def ours(cluster: Cluster) -> Cluster:
    """The session's cluster, where it is made of processes that can be looked at."""
    if cluster.origin is not Origin.PROGRAMS:
        pytest.skip(f"the cluster is {cluster.origin}: there are no processes to look at")
    return cluster


@pytest.fixture
def controllers(cluster: Cluster) -> Cluster:
    """The session's cluster, where it has its controllers."""
    if not cluster.has_controllers:
        pytest.skip("KUBEBUILDER_ASSETS holds no kube-controller-manager")
    return cluster


@pytest.fixture
def own(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster that may be treated badly."""
    if not cluster.can_freeze:
        pytest.skip("the cluster is somebody else's, and so would be any other")
    with control_plane() as own:
        yield own


def running(directory: Path) -> list[str]:
    return [name for name in PROGRAMS if processes.find_pid(name, directory) is not None]


def find_pids(directory: Path) -> list[int]:
    return [pid for name in PROGRAMS if (pid := processes.find_pid(name, directory)) is not None]


def survivors(pids: list[int], directory: Path) -> list[int]:
    return [pid for pid in pids if str(directory) in processes._command_line(pid)]


def config_map(name: str, owner: dict[str, str] | None = None) -> str:
    metadata = {"name": name, "ownerReferences": [owner] if owner else []}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def test_custom_resources_are_served(cluster: Cluster) -> None:
    served = cluster.kubectl("api-resources", "--api-group=anmc.io", "--output=name").splitlines()

    assert set(served) == {yaml.safe_load(path.read_text())["metadata"]["name"] for path in find_crds()}


def test_what_is_owned_goes_with_its_owner(controllers: Cluster, namespace: str) -> None:
    created = controllers.kubectl("create", f"-n={namespace}", "-o=json", "-f=-", stdin=config_map("owner"))
    uid = json.loads(created)["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    controllers.kubectl("create", f"-n={namespace}", "-f=-", stdin=config_map("owned", owner))

    controllers.kubectl("delete", "configmap/owner", f"-n={namespace}")

    controllers.kubectl("wait", "--for=delete", "configmap/owned", f"-n={namespace}", "--timeout=60s")


def test_a_service_account_has_its_own_rights_only(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    inside = f"--namespace={namespace}"
    cluster.kubectl("create", "serviceaccount", "reader", inside)
    cluster.kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps", inside)
    cluster.kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:reader", inside)

    path = cluster.service_account_kubeconfig("reader", namespace=namespace, path=tmp_path / "kubeconfig")

    reader = Cluster(path, tmp_path, cluster.origin, cluster.name)
    reader.kubectl("get", "configmaps")
    with pytest.raises(KubectlFailed) as caught:
        reader.kubectl("get", "secrets")
    assert f"system:serviceaccount:{namespace}:reader" in caught.value.stderr
    assert path.stat().st_mode & 0o077 == 0


def test_another_runs_beside_it_until_it_is_stopped(ours: Cluster, namespace: str, tmp_path: Path) -> None:
    directory = tmp_path / "another"
    try:
        another = start(directory)
        again = start(directory)

        assert again == another
        assert running(directory) == running(ours.directory)
        with pytest.raises(KubectlFailed, match="NotFound"):
            another.kubectl("get", "namespace", namespace)
        ours.kubectl("get", "namespace", namespace)
    finally:
        pids = find_pids(directory)
        stopped = stop(directory)

    assert stopped
    assert not directory.exists()
    assert survivors(pids, directory) == []
    assert running(ours.directory)[:2] == ["etcd", "kube-apiserver"]


def test_a_frozen_api_server_goes_on_after_the_thaw(own: Cluster) -> None:
    own.freeze()
    with pytest.raises(KubectlFailed):
        own.kubectl("get", "--raw=/readyz", "--request-timeout=1s")

    own.thaw()

    assert own.kubectl("get", "--raw=/readyz") == "ok"


def test_nothing_outlives_a_killed_owner(ours: Cluster) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        directory = Path(owner.stdout.readline().strip())
        before = find_pids(directory)

        owner.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 60
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(before) == len(find_pids(ours.directory))
    assert not directory.exists()
    assert survivors(before, directory) == []
