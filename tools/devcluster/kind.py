"""A cluster of kind: one node in a container."""

import hashlib
import subprocess
from pathlib import Path

from devcluster.cluster import Cluster
from devcluster.crds import apply_crds
from devcluster.errors import ClusterError


def name_for(directory: Path) -> str:
    """Return the name of the directory's cluster; another directory's is another."""
    return f"anmc-{hashlib.sha256(str(directory).encode()).hexdigest()[:8]}"


def create(cluster: Cluster) -> None:
    """Create the cluster and return when it serves the CRDs.

    Raises:
        ClusterError: kind failed; it has said why on stderr.
    """
    _kind("create", "cluster", f"--name={cluster.name}", f"--kubeconfig={cluster.kubeconfig}", "--wait=180s")
    apply_crds(cluster)


def delete(cluster: Cluster) -> None:
    """Delete the cluster; one that is not there is a success.

    Raises:
        ClusterError: kind failed; it has said why on stderr.
    """
    _kind("delete", "cluster", f"--name={cluster.name}", f"--kubeconfig={cluster.kubeconfig}")


def _kind(*arguments: str) -> None:
    try:
        # Descriptor 2: stdout belongs to the kubeconfig's path.
        subprocess.run(["kind", *arguments], stdin=subprocess.DEVNULL, stdout=2, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ClusterError(f"kind {' '.join(arguments)} failed: {error}") from error
