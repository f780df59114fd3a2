"""A clock that tests move, and small builders of what the controller is told."""

import asyncio
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from anmc.api.conditions import Condition
from anmc.api.names import ConditionReason, ConditionStatus, ConditionType, RunResult, Trigger
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import CurrentRun, DirectionStatus, IntegrationStatus, LastRun, PullStatus
from anmc.controller.sighting import Sighting

NOON: Final = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

_SPEC: Final[dict[str, Any]] = {
    "active": True,
    "mobileCommons": {"credentialsSecretRef": {"name": "mobile-commons"}},
    "actionNetwork": {"credentialsSecretRef": {"name": "action-network"}, "optInField": "sms_opt_in"},
}


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self._elapsed = 0.0
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        until = self._elapsed + seconds
        while not event.is_set() and self._elapsed < until:
            waiting = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._moved.wait())}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()

    def move(self, **delta: float) -> None:
        """Let time pass; the arguments are those of `timedelta`."""
        step = timedelta(**delta)
        self._now += step
        self._elapsed += step.total_seconds()
        self._moved.set()
        self._moved = asyncio.Event()


async def settle() -> None:
    """Let every task go on until all of them wait for something."""
    for _ in range(100):
        await asyncio.sleep(0)


def spec_body(**fields: Any) -> dict[str, Any]:
    """Return a spec as the API serves it, with fields by their path: `push__interval="1m"`."""
    spec = deepcopy(_SPEC)
    for path, value in fields.items():
        *parents, last = path.split("__")
        place = spec
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return spec


def a_spec(**fields: Any) -> DataSyncIntegrationSpec:
    return DataSyncIntegrationSpec.from_dict(spec_body(**fields))


def a_body(
    *,
    uid: str = "uid-1",
    name: str = "river-keepers",
    generation: int = 1,
    version: str = "10",
    created: datetime = NOON,
    annotations: dict[str, str] | None = None,
    status: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """Return an object as the API serves it."""
    metadata = {
        "namespace": "riverside",
        "name": name,
        "uid": uid,
        "creationTimestamp": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "generation": generation,
        "resourceVersion": version,
        "annotations": annotations or {},
    }
    return {"metadata": metadata, "spec": spec_body(**spec), "status": status or {}}


def a_sighting(*, deleted: bool = False, **body: Any) -> Sighting:
    return Sighting.of(a_body(**body), deleted=deleted)


def a_run(
    *,
    start: datetime = NOON,
    result: RunResult = RunResult.SUCCEEDED,
    end: datetime | None = None,
    message: str = "",
    records_read: int = 0,
) -> LastRun:
    return LastRun(
        id="run-1",
        trigger=Trigger.SCHEDULE,
        start_time=start,
        completion_time=end or start,
        result=result,
        message=message,
        records_read=records_read,
    )


def a_current_run(start: datetime = NOON) -> CurrentRun:
    return CurrentRun(id="run-1", trigger=Trigger.SCHEDULE, start_time=start, records_read=400)


def a_status(
    *, push: DirectionStatus | None = None, pull: PullStatus | None = None, conditions: tuple[Condition, ...] = ()
) -> IntegrationStatus:
    return IntegrationStatus(push=push or DirectionStatus(), pull=pull or PullStatus(), conditions=conditions)


def a_condition(
    type_: ConditionType,
    status: ConditionStatus,
    reason: ConditionReason,
    *,
    generation: int = 1,
    since: datetime = NOON,
    message: str = "",
) -> Condition:
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        observed_generation=generation,
        last_transition_time=since,
        message=message,
    )


def shown(conditions: tuple[Condition, ...]) -> dict[str, str]:
    """Return what conditions say, as `{"Ready": "True Synced"}`."""
    return {condition.type.value: f"{condition.status} {condition.reason}" for condition in conditions}
