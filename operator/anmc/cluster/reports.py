"""SyncReports: created once, the oldest removed."""

from typing import Any, cast

from kubernetes.aio.client import ApiClient, CustomObjectsApi
from kubernetes.aio.client.exceptions import ApiException

from anmc.api.names import DIRECTION_LABEL, GROUP, INTEGRATION_LABEL, REPORT_PLURAL, VERSION, Direction
from anmc.api.report import SyncReport
from anmc.cluster.connection import CONFLICT, NOT_FOUND, REQUEST_TIMEOUT


class Reports:
    """Creates the report of a run and keeps as many as the spec says."""

    def __init__(self, api: ApiClient) -> None:
        self._api = CustomObjectsApi(api)

    async def create(self, report: SyncReport, *, namespace: str, owner_uid: str) -> None:
        """Create a report; one of the same name is the same report, written before a crash."""
        manifest = report.to_manifest(namespace=namespace, owner_uid=owner_uid)
        try:
            await self._api.create_namespaced_custom_object(
                GROUP, VERSION, namespace, REPORT_PLURAL, manifest, _request_timeout=REQUEST_TIMEOUT
            )
        except ApiException as error:
            if error.status != CONFLICT:
                raise

    async def prune(self, *, namespace: str, integration: str, direction: Direction, keep: int) -> None:
        """Remove the oldest reports of a direction beyond `keep`."""
        selector = f"{INTEGRATION_LABEL}={integration},{DIRECTION_LABEL}={direction.lower()}"
        page = await self._api.list_namespaced_custom_object(
            GROUP, VERSION, namespace, REPORT_PLURAL, label_selector=selector, _request_timeout=REQUEST_TIMEOUT
        )
        items = cast("dict[str, Any]", page)["items"]
        newest_first = sorted(items, key=lambda item: str(item["report"]["startTime"]), reverse=True)
        for item in newest_first[keep:]:
            try:
                await self._api.delete_namespaced_custom_object(
                    GROUP, VERSION, namespace, REPORT_PLURAL, item["metadata"]["name"], _request_timeout=REQUEST_TIMEOUT
                )
            except ApiException as error:
                if error.status != NOT_FOUND:
                    raise
