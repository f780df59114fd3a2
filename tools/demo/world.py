"""Everything that runs during the demo: control plane, simulators, operator."""

import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from demo.errors import DemoError
from demo.programs import Program
from demo.simulators import Simulators
from demo.waiting import wait_for
from devcluster import Cluster, KubectlFailed, control_plane
from devcluster.cluster import Origin

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SCRIPTS: Final = Path(sys.executable).parent
"""Where the console scripts of this checkout are installed."""

NAMESPACE: Final = "crm"
OPERATOR_NAMESPACE: Final = "anmc-system"
OPERATOR: Final = "anmc-operator"
"""The console script, and the ServiceAccount of deploy/rbac."""

LAG: Final = 1
"""Seconds by which Action Network's filter trails its writes here; nobody has measured the real one's."""

LOG_LINES: Final = 15
"""How much of the operator's log a failure shows."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class World:
    """What is running, and where."""

    cluster: Cluster
    simulators: Simulators
    simulators_program: Program
    operator: Program
    operator_url: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator, in the namespace of the integration."""
        return self.cluster.kubectl(f"--namespace={NAMESPACE}", *arguments, stdin=stdin)

    def wait_until(self, condition: str, *, of: str) -> None:
        """Wait by `kubectl wait --for=<condition>`, as long as the operator lives.

        Raises:
            DemoError: it does not come, or the operator ended.
        """

        def look() -> bool | None:
            self.operator.check_alive()
            try:
                self.kubectl("wait", of, f"--for={condition}", "--timeout=5s")
            except KubectlFailed as error:
                # Anything else but patience running out will not go away by waiting.
                if "timed out" not in error.stderr:
                    raise
                return None
            return True

        wait_for(f"{of} has {condition}", look)

    def metrics(self) -> list[str]:
        """Return the lines of the operator's /metrics."""
        return httpx.get(f"{self.operator_url}/metrics").raise_for_status().text.splitlines()

    def remains(self) -> list[str]:
        """Return what is still there of it."""
        return [
            *[f"pid {program.pid}" for program in (self.operator, self.simulators_program) if program.is_alive()],
            *[url for url in (self.operator_url, self.simulators.mobile_commons) if _answers(url)],
            *[str(path) for path in (self.cluster.directory, self.operator.log) if path.exists()],
        ]


@contextmanager
def running_world(say: Say) -> Iterator[World]:
    """Start everything, and end it all afterwards whatever happens; of a failure the logs stay.

    Raises:
        DemoError: something does not start.
    """
    directory = Path(tempfile.mkdtemp(prefix="anmc-demo-")).resolve()
    logs, state = directory / "logs", directory / "state"
    failed = True
    try:
        logs.mkdir()
        state.mkdir(mode=0o700)
        with ExitStack() as stack:
            try:
                yield _start(logs, state, stack, say)
            finally:
                # A second Ctrl-C must not leave half of it behind.
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_IGN)
        failed = False
    finally:
        shutil.rmtree(state, ignore_errors=True)
        if failed:
            _tell_of_logs(logs, say)
        else:
            shutil.rmtree(directory, ignore_errors=True)


def _start(logs: Path, state: Path, stack: ExitStack, say: Say) -> World:
    ready_file = state / "simulators.json"
    simulators_program = Program(
        "simulators",
        [
            str(SCRIPTS / "anmc-simulators"),
            "serve",
            f"--lag={LAG}",
            # The demo looks with the key of the operator, whose calls it must not use up.
            "--calls-per-second=0",
            f"--ready-file={ready_file}",
        ],
        log=logs / "simulators.log",
        environment=os.environ,
    )
    stack.callback(simulators_program.kill)
    cluster = stack.enter_context(control_plane())
    if cluster.origin is Origin.EXISTING:
        stack.enter_context(_as_guest(cluster))
    say(f"Kubernetes        {cluster.kubeconfig}")

    simulators = wait_for("both simulators listen", lambda: _find_simulators(ready_file, simulators_program))
    stack.callback(simulators.close)
    say(f"Mobile Commons    {simulators.mobile_commons}")
    say(f"Action Network    {simulators.action_network}  (its filter by date trails by {LAG} s)")

    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("apply", f"--kustomize={REPOSITORY / 'deploy' / 'default'}")
    say(f"CRDs and rights   kubectl apply -k deploy/default; namespaces {OPERATOR_NAMESPACE} and {NAMESPACE}")

    address = f"127.0.0.1:{_free_port()}"
    operator = Program(
        "operator",
        [str(SCRIPTS / OPERATOR)],
        log=logs / "operator.log",
        environment=_operator_environment(cluster, simulators, state, address),
    )
    stack.callback(operator.kill)
    url = f"http://{address}"
    wait_for("the operator leads", lambda: _is_leading(url, operator))
    say(f"the operator      {url}  (pid {operator.pid}, as ServiceAccount {OPERATOR_NAMESPACE}/{OPERATOR})")
    return World(cluster, simulators, simulators_program, operator, url)


def _operator_environment(cluster: Cluster, simulators: Simulators, state: Path, address: str) -> dict[str, str]:
    """Return this process's environment with the demo's settings in place of the user's own."""
    kubeconfig = cluster.service_account_kubeconfig(
        OPERATOR, namespace=OPERATOR_NAMESPACE, path=state / "operator.kubeconfig"
    )
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANMC_")},
        "KUBECONFIG": str(kubeconfig),
        "ANMC_ALLOWED_ORIGINS": f"{simulators.mobile_commons},{simulators.action_network}",
        "ANMC_DATABASE_URL": f"sqlite:///{state / 'anmc.db'}",
        "ANMC_HTTP_ADDRESS": address,
        "ANMC_LEASE_NAMESPACE": OPERATOR_NAMESPACE,
        "ANMC_LOG_FORMAT": "json",
        # Its Kubernetes client writes certificates there, and leaves them when it is killed.
        "TMPDIR": str(state),
    }


@contextmanager
def _as_guest(cluster: Cluster) -> Iterator[None]:
    """Leave a cluster that somebody else runs as it was, apart from its CRDs.

    Raises:
        DemoError: a namespace that the demo would make is there already.
    """
    taken = cluster.kubectl("get", "namespace", NAMESPACE, OPERATOR_NAMESPACE, "--ignore-not-found", "--output=name")
    if taken:
        raise DemoError(
            f"the cluster already has {' and '.join(taken.split())}: unset ANMC_KUBECONFIG for one of the demo's own"
        )
    try:
        yield
    finally:
        rights = f"--kustomize={REPOSITORY / 'deploy' / 'rbac'}"
        cluster.kubectl("delete", rights, "--ignore-not-found", "--wait=false")
        cluster.kubectl("delete", "namespace", NAMESPACE, OPERATOR_NAMESPACE, "--ignore-not-found", "--timeout=60s")


def _find_simulators(ready_file: Path, program: Program) -> Simulators | None:
    program.check_alive()
    return Simulators(**json.loads(ready_file.read_text())) if ready_file.exists() else None


def _is_leading(url: str, operator: Program) -> bool | None:
    operator.check_alive()
    try:
        answer = httpx.get(f"{url}/readyz")
    except httpx.TransportError:
        return None
    return True if answer.is_success and answer.json()["role"] == "leading" else None


def _answers(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _tell_of_logs(logs: Path, say: Say) -> None:
    log = logs / "operator.log"
    if log.exists():
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        say("\n".join(["The operator's log ends with:", *lines]))
    say(f"The logs stay in {logs}")
