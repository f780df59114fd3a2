"""The life of a cluster: started in a directory, found again there, stopped without remains."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, assert_never

from devcluster import kind, processes, programs
from devcluster.build import build
from devcluster.cluster import Cluster, KubectlFailed, Origin
from devcluster.crds import apply_crds
from devcluster.errors import ClusterError
from devcluster.progress import report, spell
from devcluster.sources import Build, Existing, Kind, Programs, choose

RECORD: Final = "cluster.json"
"""What makes a directory a cluster's. Nothing is deleted where it is missing."""

_GUARD_FAREWELL: Final = 60.0
"""Seconds that the guard may take to end once there is nothing left to guard."""


def prepare(environ: Mapping[str, str] = os.environ) -> Existing | Kind | Programs:
    """Choose where clusters come from and do what has to be done once, which may be a long build.

    Raises:
        MissingPrerequisite: nothing that can run Kubernetes is here.
        ClusterError: the build failed.
    """
    source = choose(environ)
    report(f"from {source.title}")
    return Programs(build(source.go, source.pins, environ)) if isinstance(source, Build) else source


def start(directory: Path) -> Cluster:
    """Start a cluster that goes on until `stop`; one that already runs in the directory is returned.

    It has the CRDs of this checkout in either case.

    Raises:
        MissingPrerequisite: nothing that can run Kubernetes is here.
        ClusterError: the directory is in use for something else, or the cluster does not come up.
    """
    directory = directory.resolve()
    running = find(directory)
    if running is not None:
        if running.origin is not Origin.EXISTING and _answers(running):
            return _reuse(running)
        stop(directory)
    source = prepare()
    began = time.monotonic()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise ClusterError(f"{directory} is not empty and holds no cluster: choose another directory")
    try:
        cluster = _launch(source, directory)
    except BaseException:
        # Also for an interrupt: half a cluster would be nobody's.
        stop(directory)
        raise
    report(f"ready after {spell(timedelta(seconds=time.monotonic() - began))}")
    return cluster


def find(directory: Path) -> Cluster | None:
    """Return the cluster that was started in the directory, whether or not it still answers."""
    directory = directory.resolve()
    try:
        record = json.loads((directory / RECORD).read_text())
    except FileNotFoundError:
        return None
    return Cluster(
        kubeconfig=Path(record["kubeconfig"]),
        directory=directory,
        origin=Origin(record["origin"]),
        name=record["name"],
    )


def stop(directory: Path) -> bool:
    """End the cluster of the directory and remove the directory; False when there is none.

    A cluster that somebody else runs stays as it is, with its CRDs.
    """
    cluster = find(directory)
    if cluster is None:
        return False
    match cluster.origin:
        case Origin.PROGRAMS:
            processes.kill_all(cluster.directory)
        case Origin.KIND:
            kind.delete(cluster)
        case Origin.EXISTING:
            pass
        case _:
            assert_never(cluster.origin)
    shutil.rmtree(cluster.directory)
    return True


@contextmanager
def control_plane() -> Iterator[Cluster]:
    """Give a new cluster for the length of the block; it also ends when this process is killed."""
    directory = Path(tempfile.mkdtemp(prefix="anmc-cluster-")).resolve()
    with _guarded(directory):
        try:
            yield start(directory)
        finally:
            stop(directory)
            shutil.rmtree(directory, ignore_errors=True)


def _launch(source: Existing | Kind | Programs, directory: Path) -> Cluster:
    kubeconfig = directory / "kubeconfig"
    match source:
        case Existing():
            cluster = _record(Cluster(source.kubeconfig, directory, Origin.EXISTING, ""))
            apply_crds(cluster)
        case Kind():
            cluster = _record(Cluster(kubeconfig, directory, Origin.KIND, kind.name_for(directory)))
            kind.create(cluster)
        case Programs():
            cluster = _record(Cluster(kubeconfig, directory, Origin.PROGRAMS, ""))
            programs.launch(source.directory, cluster)
        case _:
            assert_never(source)
    return cluster


def _record(cluster: Cluster) -> Cluster:
    """Write down what is about to start, first of all: whatever happens then, `stop` finds it."""
    record = {"origin": cluster.origin, "name": cluster.name, "kubeconfig": str(cluster.kubeconfig)}
    (cluster.directory / RECORD).write_text(json.dumps(record))
    return cluster


def _reuse(running: Cluster) -> Cluster:
    if os.environ.get("ANMC_KUBECONFIG"):
        raise ClusterError(
            f"a cluster of ours runs in {running.directory}: stop it (make cluster-down), or unset ANMC_KUBECONFIG"
        )
    apply_crds(running)
    report(f"already runs in {running.directory}")
    return running


def _answers(cluster: Cluster) -> bool:
    try:
        cluster.kubectl("get", "--raw=/readyz", "--request-timeout=5s", timeout=30)
    except (KubectlFailed, subprocess.TimeoutExpired):
        return False
    return True


@contextmanager
def _guarded(directory: Path) -> Iterator[None]:
    """Have the cluster stopped by a process of its own when this one dies, by whatever signal.

    The guard waits for the end of its stdin, which comes when the last holder of the pipe is gone.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "devcluster.guard", str(directory)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as guard:
        try:
            yield
        finally:
            if guard.stdin is not None:
                guard.stdin.close()
            guard.wait(_GUARD_FAREWELL)
