"""One Kubernetes cluster for the demo, for the tests and for people at a terminal.

`control_plane()` is a cluster for the length of a `with` block, `start()` with `stop()` one that stays in
a directory until it is stopped. Where the cluster comes from is decided in `sources`.
"""

from devcluster.cluster import Cluster, KubectlFailed
from devcluster.errors import ClusterError, MissingPrerequisite
from devcluster.lifecycle import control_plane, start, stop

__all__ = [
    "Cluster",
    "ClusterError",
    "KubectlFailed",
    "MissingPrerequisite",
    "control_plane",
    "start",
    "stop",
]
