"""The custom resource definitions that every cluster gets before anything else."""

from pathlib import Path
from typing import Final

import yaml

from devcluster.cluster import Cluster

CRDS: Final = Path(__file__).resolve().parents[2] / "crds"
"""The one source of truth for both resources."""


def find_crds(directory: Path = CRDS) -> list[Path]:
    """Return the files directly in the directory that define custom resources; none is a normal answer."""
    return [path for path in sorted(directory.glob("*.yaml")) if _defines_resources(path)]


def apply_crds(cluster: Cluster) -> int:
    """Create or update the definitions, wait until they are served, and return how many files there were."""
    paths = find_crds()
    if paths:
        files = [f"--filename={path}" for path in paths]
        cluster.kubectl("apply", "--server-side", "--force-conflicts", *files)
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", *files)
    return len(paths)


def _defines_resources(path: Path) -> bool:
    documents = yaml.safe_load_all(path.read_text())
    return any(isinstance(item, dict) and item.get("kind") == "CustomResourceDefinition" for item in documents)
