"""The integrations in the cluster: listed, read, their status patched."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, cast

from kubernetes.aio.client import ApiClient, CustomObjectsApi
from kubernetes.aio.client.exceptions import ApiException

from anmc.api.names import GROUP, INTEGRATION_PLURAL, VERSION
from anmc.cluster.connection import NOT_FOUND, REQUEST_TIMEOUT

CHUNK: Final = 500
"""Objects of one LIST answer."""

Body = Mapping[str, Any]


class Integrations:
    """Reads DataSyncIntegrations and patches their status; writes nothing else of them."""

    def __init__(self, api: ApiClient, *, namespaces: Sequence[str] = ()) -> None:
        self._api = CustomObjectsApi(api)
        self._namespaces = namespaces

    async def iter_all(self) -> AsyncIterator[Body]:
        """Walk every integration of the served namespaces, in chunks.

        Raises:
            ApiException: 404 when the CRD is not installed, 410 when the walk took too long for its token.
        """
        served: Sequence[str | None] = self._namespaces or (None,)
        for namespace in served:
            token: str | None = None
            while True:
                page = await self._list(namespace, token)
                for body in page["items"]:
                    yield body
                token = page["metadata"].get("continue")
                if not token:
                    break

    async def _list(self, namespace: str | None, token: str | None) -> Body:
        options: dict[str, Any] = {"limit": CHUNK, "_request_timeout": REQUEST_TIMEOUT}
        if token:
            options["_continue"] = token
        if namespace is None:
            page = await self._api.list_cluster_custom_object(GROUP, VERSION, INTEGRATION_PLURAL, **options)
        else:
            page = await self._api.list_namespaced_custom_object(
                GROUP, VERSION, namespace, INTEGRATION_PLURAL, **options
            )
        return cast("Body", page)

    async def get(self, namespace: str, name: str) -> Body | None:
        """Read one integration; None when it is gone."""
        try:
            body = await self._api.get_namespaced_custom_object(
                GROUP, VERSION, namespace, INTEGRATION_PLURAL, name, _request_timeout=REQUEST_TIMEOUT
            )
        except ApiException as error:
            if error.status == NOT_FOUND:
                return None
            raise
        return cast("Body", body)

    async def patch_status(self, namespace: str, name: str, patch: Body, *, resource_version: str) -> Body:
        """Merge-patch the status, if nobody changed the object since that version.

        Raises:
            ApiException: 404 when it is gone, 409 when it changed, 422 when the schema refuses the status.
        """
        body = {"metadata": {"resourceVersion": resource_version}, "status": patch}
        answer = await self._api.patch_namespaced_custom_object_status(
            GROUP, VERSION, namespace, INTEGRATION_PLURAL, name, body, _request_timeout=REQUEST_TIMEOUT
        )
        return cast("Body", answer)
