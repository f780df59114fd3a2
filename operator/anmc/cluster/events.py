"""Kubernetes Events: posted on a change of state, repetitions counted on the same Event."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kubernetes.aio.client import ApiClient, CoreV1Api, CoreV1Event, V1EventSource, V1ObjectMeta, V1ObjectReference
from kubernetes.aio.client.exceptions import ApiException

from anmc.api.conditions import plain_message
from anmc.api.names import API_VERSION, INTEGRATION_KIND, EventReason, EventType
from anmc.cluster.connection import CONFLICT, KUBE_ERRORS, NOT_FOUND, REQUEST_TIMEOUT

COMPONENT: Final = "anmc-operator"

QUEUE: Final = 1000
"""Events that wait to be posted; beyond it they are dropped, since an Event never delays a run."""

REMEMBERED: Final = 5000
"""Events whose count can still be raised; the API server forgets them after an hour by itself."""


@dataclass(frozen=True, slots=True)
class IntegrationEvent:
    """One Event about one integration: counts and reasons, never personal data."""

    namespace: str
    name: str
    uid: str
    type: EventType
    reason: EventReason
    message: str

    def object_name(self, recorder: str) -> str:
        """The same for a repetition, so that it raises the count instead of making a new object.

        `recorder` tells processes apart: the counts of an earlier one are not known, and may not be read.
        """
        text = f"{recorder}/{self.uid}/{self.type}/{self.reason}/{self.message}"
        return f"{self.name[:200].rstrip('-.')}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"


class EventRecorder:
    """Posts Events in the background, from a bounded queue, with two tries each.

    `meter` is told `written` or `failed` for each: a lost Event is counted, never raised.
    """

    def __init__(self, api: ApiClient, *, meter: Callable[[str], None] = lambda _: None) -> None:
        self._api = CoreV1Api(api)
        self._queue: asyncio.Queue[IntegrationEvent] = asyncio.Queue(maxsize=QUEUE)
        self._counts: dict[str, int] = {}
        self._id = secrets.token_hex(8)
        self._meter = meter

    def post(self, event: IntegrationEvent) -> None:
        """Queue an Event; a full queue loses it."""
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._meter("failed")

    async def run(self) -> None:
        """Post what is queued until cancelled."""
        while True:
            event = await self._queue.get()
            try:
                await self._send(event)
            finally:
                self._queue.task_done()

    async def flush(self) -> None:
        """Return when everything queued has been posted or lost."""
        await self._queue.join()

    async def _send(self, event: IntegrationEvent) -> None:
        for _ in range(2):
            try:
                await self._create_or_count(event)
            except KUBE_ERRORS:
                continue
            else:
                self._meter("written")
                return
        self._meter("failed")

    async def _create_or_count(self, event: IntegrationEvent) -> None:
        name, now = event.object_name(self._id), datetime.now(UTC)
        count = self._counts.get(name, 0) + 1
        try:
            if count == 1:
                await self._api.create_namespaced_event(
                    event.namespace, _body(event, name, now), _request_timeout=REQUEST_TIMEOUT
                )
            else:
                patch = {"count": count, "lastTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
                await self._api.patch_namespaced_event(name, event.namespace, patch, _request_timeout=REQUEST_TIMEOUT)
        except ApiException as error:
            if error.status == NOT_FOUND:
                self._counts.pop(name, None)  # the API server forgot it by its age: the second try makes a new one
            if error.status != CONFLICT:  # it is there: the first try arrived, and only its answer was lost
                raise
        if len(self._counts) >= REMEMBERED:
            self._counts.pop(next(iter(self._counts)))
        self._counts[name] = count


def _body(event: IntegrationEvent, name: str, now: datetime) -> CoreV1Event:
    return CoreV1Event(
        metadata=V1ObjectMeta(name=name, namespace=event.namespace),
        involved_object=V1ObjectReference(
            api_version=API_VERSION,
            kind=INTEGRATION_KIND,
            namespace=event.namespace,
            name=event.name,
            uid=event.uid,
        ),
        type=event.type,
        reason=event.reason,
        message=plain_message(event.message),
        source=V1EventSource(component=COMPONENT),
        reporting_component=COMPONENT,
        first_timestamp=now.replace(microsecond=0),
        last_timestamp=now.replace(microsecond=0),
        count=1,
    )
