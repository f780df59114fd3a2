"""A running cluster as its users see it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from devcluster import processes
from devcluster.errors import ClusterError


class Origin(StrEnum):
    """Who runs the cluster, and so who may stop it."""

    EXISTING = "existing"
    KIND = "kind"
    PROGRAMS = "programs"


class KubectlFailed(ClusterError):
    """kubectl refused or failed; `stderr` holds what it said, word for word."""

    def __init__(self, arguments: tuple[str, ...], exit_code: int, stderr: str) -> None:
        super().__init__(f"kubectl {' '.join(arguments)} ended with {exit_code}: {stderr.strip()}")
        self.exit_code = exit_code
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster; `kubeconfig` is its administrator's, `directory` holds what is known about it."""

    kubeconfig: Path
    directory: Path
    origin: Origin
    name: str

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run kubectl as the administrator and return its stdout; `timeout` in seconds.

        Raises:
            KubectlFailed: the exit code is not 0.
        """
        answer = subprocess.run(
            [
                _find_kubectl(),
                f"--kubeconfig={self.kubeconfig}",
                # A cache of its own: another cluster may have answered on this port before.
                f"--cache-dir={self.directory / 'kubectl-cache'}",
                *arguments,
            ],
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if answer.returncode != 0:
            raise KubectlFailed(arguments, answer.returncode, answer.stderr)
        return answer.stdout

    def service_account_kubeconfig(self, name: str, *, namespace: str, path: Path) -> Path:
        """Write a kubeconfig that has exactly the rights of a ServiceAccount, for 24 hours.

        The ServiceAccount has to be there; its token comes from a TokenRequest. The namespace is also the
        kubeconfig's default one.
        """
        token = self.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=24h").strip()
        view = json.loads(self.kubectl("config", "view", "--minify", "--flatten", "--raw", "--output=json"))
        cluster = view["clusters"][0]
        context = {"cluster": cluster["name"], "user": name, "namespace": namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [cluster],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": context}],
            "current-context": name,
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=2))
        return path

    @property
    def has_controllers(self) -> bool:
        """Whether owned objects, and namespaces, go away: envtest's programs lack the controller manager."""
        return (
            self.origin is not Origin.PROGRAMS
            or processes.find_pid("kube-controller-manager", self.directory) is not None
        )

    @property
    def can_freeze(self) -> bool:
        """Whether `freeze` works: not where the cluster is somebody else's."""
        return self.origin is not Origin.EXISTING

    def freeze(self) -> None:
        """Make the API server unreachable, as if the network swallowed every byte, until `thaw`."""
        match self.origin:
            case Origin.PROGRAMS:
                processes.send("kube-apiserver", signal.SIGSTOP, self.directory)
            case Origin.KIND:
                self._docker("pause")
            case Origin.EXISTING:
                raise ClusterError("this cluster is not ours to freeze: unset ANMC_KUBECONFIG")
            case _:
                assert_never(self.origin)

    def thaw(self) -> None:
        """Undo `freeze`; connections that outlived it go on."""
        match self.origin:
            case Origin.PROGRAMS:
                processes.send("kube-apiserver", signal.SIGCONT, self.directory)
            case Origin.KIND:
                self._docker("unpause")
            case Origin.EXISTING:
                raise ClusterError("this cluster was never frozen: it is not ours")
            case _:
                assert_never(self.origin)

    def _docker(self, verb: str) -> None:
        subprocess.run(["docker", verb, f"{self.name}-control-plane"], check=True, capture_output=True)


def _find_kubectl() -> str:
    """Return the locked kubectl beside this Python, else the one on the PATH."""
    locked = Path(sys.executable).parent / "kubectl"
    if os.access(locked, os.X_OK):
        return str(locked)
    found = shutil.which("kubectl")
    if found is None:
        raise ClusterError(f"no kubectl beside {sys.executable}: run `make test` or `make cluster`")
    return found
