from datetime import datetime, timedelta
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient

from anmc.api.names import Direction, Mode, RunResult, Trigger
from anmc.api.report import ReportCalls, ReportWindow, SyncReport
from anmc.cluster.reports import Reports
from support.controlled import NOON


def a_report(
    start: datetime = NOON, *, direction: Direction = Direction.PULL, integration: str = "river-keepers", read: int = 0
) -> SyncReport:
    return SyncReport(
        integration=integration,
        direction=direction,
        mode=Mode.APPLY,
        trigger=Trigger.SCHEDULE,
        generation=1,
        start_time=start,
        completion_time=start,
        result=RunResult.SUCCEEDED,
        window=ReportWindow(from_=start, to=start),
        records_read=read,
        changed=0,
        attention=0,
        summary=(),
        calls=ReportCalls(mobile_commons=0, action_network=0, mobile_commons_floor=0, action_network_floor=0),
    )


class Shelf:
    """The reports of one namespace."""

    def __init__(self, api: ApiClient, objects: Any, *integrations: dict[str, Any]) -> None:
        self.objects = objects
        self.uids = {body["metadata"]["name"]: body["metadata"]["uid"] for body in integrations}
        self.reports = Reports(api)

    async def put(self, *reports: SyncReport) -> None:
        # Each under its own integration: one whose owner does not exist is garbage, and collected at any time.
        for report in reports:
            owner = self.uids[report.integration]
            await self.reports.create(report, namespace=self.objects.namespace, owner_uid=owner)

    async def bodies(self) -> list[dict[str, Any]]:
        page = await self.objects.api.list_namespaced_custom_object(
            "anmc.io", "v1alpha1", self.objects.namespace, "syncreports"
        )
        items: list[dict[str, Any]] = page["items"]
        return items

    async def names(self) -> set[str]:
        return {body["metadata"]["name"] for body in await self.bodies()}

    async def prune(self, keep: int, *, direction: Direction = Direction.PULL) -> None:
        await self.reports.prune(
            namespace=self.objects.namespace, integration="river-keepers", direction=direction, keep=keep
        )


@pytest.fixture
async def shelf(api: ApiClient, objects: Any) -> Shelf:
    return Shelf(api, objects, await objects.create("river-keepers"), await objects.create("other"))


async def test_a_report_is_created_and_owned_by_its_integration(shelf: Shelf) -> None:
    await shelf.put(a_report(read=3))

    (body,) = await shelf.bodies()
    assert body["report"]["recordsRead"] == 3
    assert [owner["uid"] for owner in body["metadata"]["ownerReferences"]] == [shelf.uids["river-keepers"]]
    assert body["metadata"]["labels"]["anmc.io/integration"] == "river-keepers"


async def test_a_report_of_the_same_name_is_the_one_that_was_written_before_a_crash(shelf: Shelf) -> None:
    await shelf.put(a_report(read=3), a_report(read=4))

    assert [body["report"]["recordsRead"] for body in await shelf.bodies()] == [3]


async def test_the_newest_reports_of_a_direction_are_kept(shelf: Shelf) -> None:
    pulls = [a_report(NOON + timedelta(days=day)) for day in (3, 1, 4, 2)]
    push, other = a_report(direction=Direction.PUSH), a_report(integration="other")
    await shelf.put(*pulls, push, other)

    await shelf.prune(2)

    assert await shelf.names() == {
        "river-keepers-pull-20260313-120000",
        "river-keepers-pull-20260314-120000",
        push.name,
        other.name,
    }


async def test_nothing_is_removed_while_there_are_few(shelf: Shelf) -> None:
    await shelf.put(a_report())

    await shelf.prune(1)
    await shelf.prune(5, direction=Direction.PUSH)

    assert await shelf.names() == {a_report().name}


async def test_a_report_that_somebody_else_removed_meanwhile_is_no_failure(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf.put(*[a_report(NOON + timedelta(days=day)) for day in range(3)])
    delete = shelf.reports._api.delete_namespaced_custom_object

    async def delete_twice(*arguments: Any, **named: Any) -> None:
        await delete(*arguments, **named)
        await delete(*arguments, **named)

    monkeypatch.setattr(shelf.reports._api, "delete_namespaced_custom_object", delete_twice)
    await shelf.prune(1)

    assert await shelf.names() == {"river-keepers-pull-20260312-120000"}
