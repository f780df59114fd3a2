import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devcluster import Cluster, ClusterError, start, stop

InstallFake = Callable[[str, str], Path]

KIND = """
echo "kind $1 $3" >>"$CALLS"
[ "$1" = delete ] || /bin/cp "$REAL_KUBECONFIG" "${4#--kubeconfig=}"
"""


@pytest.fixture
def calls(
    cluster: Cluster,
    tmp_path: Path,
    programs: Path,
    install_fake: InstallFake,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """What was asked of a kind that hands out the session's cluster, and of a docker that has it in a container."""
    install_fake("kind", KIND)
    install_fake("docker", 'echo "docker $*" >>"$CALLS"')
    monkeypatch.delenv("ANMC_KUBECONFIG", raising=False)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("REAL_KUBECONFIG", str(cluster.kubeconfig))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_a_cluster_of_kind_is_created_paused_and_deleted(calls: Path, tmp_path: Path) -> None:
    made = start(tmp_path / "cluster")
    made.freeze()
    made.thaw()
    served = made.kubectl("get", "--raw=/readyz")
    stop(made.directory)

    assert served == "ok"
    assert calls.read_text().splitlines() == [
        "docker info",
        f"kind create --name={made.name}",
        f"docker pause {made.name}-control-plane",
        f"docker unpause {made.name}-control-plane",
        f"kind delete --name={made.name}",
    ]
    assert not made.directory.exists()


def test_a_kind_that_fails_leaves_nothing(calls: Path, install_fake: InstallFake, tmp_path: Path) -> None:
    install_fake("kind", f'{KIND}\n[ "$1" = delete ]')

    with pytest.raises(ClusterError, match="kind create cluster"):
        start(tmp_path / "cluster")

    assert calls.read_text().splitlines()[-1].startswith("kind delete")
    assert not (tmp_path / "cluster").exists()
