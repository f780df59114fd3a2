import asyncio
from dataclasses import replace
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient, CoreV1Event
from kubernetes.aio.client.exceptions import ApiException

from anmc.api.names import EventReason, EventType
from anmc.cluster import events as module
from anmc.cluster.events import EventRecorder, IntegrationEvent


class Posting:
    """A recorder on the real API server."""

    def __init__(self, api: ApiClient, objects: Any) -> None:
        self.results: list[str] = []
        self.api = api
        self.objects = objects
        self.recorder = EventRecorder(api, meter=self.results.append)

    async def post(self, *events: IntegrationEvent) -> None:
        running = asyncio.ensure_future(self.recorder.run())
        for event in events:
            self.recorder.post(event)
        await self.recorder.flush()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def served(self) -> list[CoreV1Event]:
        page = await self.objects.core.list_namespaced_event(self.objects.namespace)
        items: list[CoreV1Event] = page.items
        return items


@pytest.fixture
def posting(api: ApiClient, objects: Any) -> Posting:
    return Posting(api, objects)


@pytest.fixture
def event(namespace: str) -> IntegrationEvent:
    return IntegrationEvent(
        namespace, "river-keepers", "0a1b", EventType.NORMAL, EventReason.ACTIVATED, "Syncing from now on"
    )


async def test_an_event_is_about_this_very_object(posting: Posting, event: IntegrationEvent) -> None:
    await posting.post(event)

    (served,) = await posting.served()
    about: Any = served.involved_object
    assert (about.kind, about.name, about.uid) == ("DataSyncIntegration", "river-keepers", "0a1b")
    assert (served.type, served.reason, served.message) == ("Normal", "Activated", "Syncing from now on")
    assert served.reporting_component == "anmc-operator"
    assert served.count == 1
    assert posting.results == ["written"]


async def test_a_repetition_raises_the_count(posting: Posting, event: IntegrationEvent) -> None:
    await posting.post(event, event, event)

    assert [served.count for served in await posting.served()] == [3]


async def test_another_reason_message_or_object_is_another_event(posting: Posting, event: IntegrationEvent) -> None:
    await posting.post(
        event,
        replace(event, reason=EventReason.DEACTIVATED),
        replace(event, message="Again"),
        replace(event, uid="9f8e"),
    )

    assert [served.count for served in await posting.served()] == [1, 1, 1, 1]


async def test_the_counts_of_an_earlier_process_stay_its_own(
    posting: Posting, event: IntegrationEvent, objects: Any
) -> None:
    await posting.post(event, event)

    await Posting(posting.api, objects).post(event)

    assert sorted(served.count or 0 for served in await posting.served()) == [1, 2]


async def test_an_event_that_the_api_server_has_forgotten_by_its_age_is_posted_anew(
    posting: Posting, event: IntegrationEvent, objects: Any
) -> None:
    await posting.post(event, event)
    await objects.core.delete_collection_namespaced_event(objects.namespace)

    await posting.post(event)

    assert [served.count for served in await posting.served()] == [1]
    assert posting.results == ["written"] * 3


async def test_the_longest_name_and_message_are_taken(posting: Posting, event: IntegrationEvent) -> None:
    await posting.post(replace(event, name="a" * 199 + "-" + "b" * 53, message="x\n" * 2000))

    (served,) = await posting.served()
    assert len(served.message or "") == 1024
    assert "\n" not in (served.message or "")


async def test_an_event_that_cannot_be_posted_is_counted_and_the_next_one_is_posted(
    posting: Posting, event: IntegrationEvent
) -> None:
    await posting.post(replace(event, namespace="no-such-namespace"), event)

    assert posting.results == ["failed", "written"]


async def test_one_failure_is_tried_again(
    posting: Posting, event: IntegrationEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, failures = posting.recorder._api.create_namespaced_event, [ApiException(status=500)]

    async def fail_once(*arguments: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return await create(*arguments, **named)

    monkeypatch.setattr(posting.recorder._api, "create_namespaced_event", fail_once)
    await posting.post(event)

    assert posting.results == ["written"]


async def test_a_full_queue_loses_events_and_never_waits(
    api: ApiClient, objects: Any, event: IntegrationEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE", 2)
    posting = Posting(api, objects)

    for _ in range(3):
        posting.recorder.post(event)

    assert posting.results == ["failed"]
