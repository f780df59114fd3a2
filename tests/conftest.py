"""The cluster that the tests of one process share, and the order in which they run."""

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from devcluster import Cluster, control_plane


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: at the end, one process would be left alone with one of them."""

    def seconds(item: pytest.Item) -> float:
        slow = item.get_closest_marker("slow")
        return slow.kwargs["seconds"] if slow else 0

    items.sort(key=seconds, reverse=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real API server with the CRDs of this checkout, one for each process of the session.

    Whoever freezes one starts one of its own.
    """
    with control_plane() as running:
        yield running


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace that no other test has; it goes away in the background."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")
