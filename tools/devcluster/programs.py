"""A control plane of plain processes: etcd, kube-apiserver, kube-controller-manager."""

import base64
import json
import os
import socket
import ssl
import time
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final

from devcluster import processes
from devcluster.certificates import Credentials
from devcluster.cluster import Cluster, KubectlFailed
from devcluster.crds import apply_crds
from devcluster.errors import ClusterError, PortTaken
from devcluster.progress import report

READY_PATIENCE: Final = 180.0
"""Seconds. Three are usual; a machine that compiles at the same time needs many more."""

ATTEMPTS: Final = 5
"""How often other ports are tried; between a port's choice and its use anybody may take it."""

LOG_LINES: Final = 15
"""How much of a failed program's log an error shows."""


def launch(programs: Path, cluster: Cluster) -> None:
    """Start the control plane in the cluster's directory and return when it serves the CRDs.

    Raises:
        ClusterError: a program ended or never became ready; the text ends with its last words.
    """
    credentials = Credentials.create()
    credentials.write(cluster.directory / "pki")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _start_api_server(programs, cluster, credentials)
            break
        except PortTaken:
            processes.kill_all(cluster.directory)
            if attempt == ATTEMPTS:
                raise
    # Before the controllers start: a kind that they meet later is garbage-collected only after 40 seconds.
    apply_crds(cluster)
    _start_controllers(programs, cluster)


def _start_api_server(programs: Path, cluster: Cluster, credentials: Credentials) -> None:
    directory, pki = cluster.directory, cluster.directory / "pki"
    etcd_port, api_port = _find_free_ports(2)
    etcd = f"http://127.0.0.1:{etcd_port}"
    _write_kubeconfig(cluster.kubeconfig, api_port, credentials)
    processes.spawn(
        "etcd",
        [
            str(programs / "etcd"),
            f"--data-dir={directory / 'etcd'}",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            "--listen-peer-urls=http://127.0.0.1:0",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
        directory,
    )
    processes.spawn(
        "kube-apiserver",
        [
            str(programs / "kube-apiserver"),
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={api_port}",
            f"--tls-cert-file={pki / 'api.crt'}",
            f"--tls-private-key-file={pki / 'api.key'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki / 'service-accounts.key'}",
            f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
            "--service-cluster-ip-range=10.96.0.0/24",
            # Without it the address of a network card would be looked for, and a train has none. As no
            # endpoint of the service `kubernetes` may be a loopback address, none is written.
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
        ],
        directory,
    )
    _wait_until_ready(cluster, api_port)


def _start_controllers(programs: Path, cluster: Cluster) -> None:
    program = programs / "kube-controller-manager"
    if not os.access(program, os.X_OK):
        report(f"{programs} has no kube-controller-manager: owned objects and namespaces will not go away")
        return
    pki = cluster.directory / "pki"
    processes.spawn(
        "kube-controller-manager",
        [
            str(program),
            # The administrator's: as plain system:kube-controller-manager it may not delete anything.
            f"--kubeconfig={cluster.kubeconfig}",
            f"--service-account-private-key-file={pki / 'service-accounts.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            "--leader-elect=false",
            "--secure-port=0",
        ],
        cluster.directory,
    )
    try:
        # The service account is the controllers' first visible deed.
        cluster.kubectl("wait", "--for=create", "serviceaccount/default", "--namespace=default", "--timeout=60s")
    except KubectlFailed as error:
        raise ClusterError(_last_words("kube-controller-manager", "does not work", cluster.directory)) from error


def _wait_until_ready(cluster: Cluster, port: int) -> None:
    authority = ssl.create_default_context(cafile=str(cluster.directory / "pki" / "ca.crt"))
    deadline = time.monotonic() + READY_PATIENCE
    while not _is_ready(port, authority):
        for name in ("etcd", "kube-apiserver"):
            if processes.find_pid(name, cluster.directory) is None:
                words = _last_words(name, "ended at once", cluster.directory)
                taken = "address already in use" in processes.read_log(name, cluster.directory)
                raise PortTaken(words) if taken else ClusterError(words)
        if time.monotonic() > deadline:
            raise ClusterError(_last_words("kube-apiserver", "is not ready", cluster.directory))
        time.sleep(0.05)


def _is_ready(port: int, authority: ssl.SSLContext) -> bool:
    connection = HTTPSConnection("127.0.0.1", port, context=authority, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _last_words(name: str, what: str, directory: Path) -> str:
    lines = processes.read_log(name, directory).splitlines()[-LOG_LINES:]
    return "\n".join([f"{name} {what}; its log ends with:", *lines])


def _find_free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def _write_kubeconfig(path: Path, port: int, credentials: Credentials) -> None:
    administrator = {
        "client-certificate-data": _encode(credentials.administrator.certificate_pem()),
        "client-key-data": _encode(credentials.administrator.key_pem()),
    }
    server = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": _encode(credentials.authority.certificate_pem()),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "anmc", "cluster": server}],
        "users": [{"name": "admin", "user": administrator}],
        "contexts": [{"name": "anmc", "context": {"cluster": "anmc", "user": "admin"}}],
        "current-context": "anmc",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))


def _encode(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
