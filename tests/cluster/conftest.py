import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes.aio.client import ApiClient, CoreV1Api, CustomObjectsApi

from anmc.cluster.connection import connect
from devcluster import Cluster

# The builders that several test modules share live beside the tests, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


class Objects:
    """Integrations of one namespace, as their users make them."""

    def __init__(self, api: ApiClient, namespace: str) -> None:
        self.namespace = namespace
        self.api = CustomObjectsApi(api)
        self.core = CoreV1Api(api)
        self._place = ("anmc.io", "v1alpha1", namespace, "datasyncintegrations")

    async def create(self, name: str = "river-keepers", **spec: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "apiVersion": "anmc.io/v1alpha1",
            "kind": "DataSyncIntegration",
            "metadata": {"name": name},
            "spec": {
                "mobileCommons": {"credentialsSecretRef": {"name": "mobile-commons"}},
                "actionNetwork": {"credentialsSecretRef": {"name": "action-network"}, "optInField": "sms_opt_in"},
                **spec,
            },
        }
        return cast("dict[str, Any]", await self.api.create_namespaced_custom_object(*self._place, body))

    async def get(self, name: str = "river-keepers") -> dict[str, Any]:
        return cast("dict[str, Any]", await self.api.get_namespaced_custom_object(*self._place, name))

    async def edit(self, name: str = "river-keepers", **spec: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", await self.api.patch_namespaced_custom_object(*self._place, name, {"spec": spec}))

    async def set_status(self, name: str = "river-keepers", **status: Any) -> dict[str, Any]:
        return cast(
            "dict[str, Any]",
            await self.api.patch_namespaced_custom_object_status(*self._place, name, {"status": status}),
        )

    async def delete(self, name: str = "river-keepers") -> None:
        await self.api.delete_namespaced_custom_object(*self._place, name)


@pytest.fixture
async def api(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ApiClient]:
    """The operator's own connection, as the administrator."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    async with connect() as client:
        yield client


@pytest.fixture
def objects(api: ApiClient, namespace: str) -> Objects:
    return Objects(api, namespace)
