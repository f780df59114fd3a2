"""The SyncReport: what one run did, record by record, without personal data (api.md 7)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from anmc.api.names import (
    API_VERSION,
    DIRECTION_LABEL,
    INTEGRATION_KIND,
    INTEGRATION_LABEL,
    NEEDS_ATTENTION,
    REPORT_KIND,
    RESULT_LABEL,
    Category,
    Direction,
    Mode,
    Reason,
    RunResult,
    Trigger,
)
from anmc.api.status import OutcomeCount
from anmc.api.times import ApiTime

MAX_DETAILS: Final = 200
"""Details that a report holds; keeps the object far below etcd's limit of 1.5 MB (api.md 7)."""

MAX_DETAIL_FIELDS: Final = 10
"""Fields that a detail names (api.md 7)."""

_WIRE: Final = ConfigDict(alias_generator=to_camel)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWindow:
    """The span of changes that the run read."""

    __pydantic_config__ = ConfigDict(alias_generator=lambda name: name.removesuffix("_"))

    from_: ApiTime
    to: ApiTime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCalls:
    """Requests sent to each service, and how many the same work needs at least (performance.md 1)."""

    __pydantic_config__ = _WIRE

    mobile_commons: int
    action_network: int
    mobile_commons_floor: int
    action_network_floor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetail:
    """One record by the services' own ids; `fields` are Mobile Commons names, never values."""

    __pydantic_config__ = _WIRE

    category: Category
    reason: Reason
    mobile_commons_id: str | None = None
    action_network_id: str | None = None
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Keep the first ten fields."""
        object.__setattr__(self, "fields", tuple(self.fields[:MAX_DETAIL_FIELDS]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """The body of a report. `generation` is the one of the spec that the run used.

    `details` may be given in any order and number: those that need a person come first, what is beyond 200
    is cut and added to `details_omitted`. `summary` goes by the order of `Category`.
    """

    __pydantic_config__ = _WIRE

    integration: str
    direction: Direction
    mode: Mode
    trigger: Trigger
    generation: int
    start_time: ApiTime
    completion_time: ApiTime
    result: RunResult
    window: ReportWindow
    records_read: int
    changed: int
    attention: int
    summary: tuple[OutcomeCount, ...]
    calls: ReportCalls
    details: tuple[ReportDetail, ...] = ()
    details_omitted: int = 0

    def __post_init__(self) -> None:
        """Order and bound what the caller collected."""
        order = tuple(Category)
        summary = sorted(self.summary, key=lambda entry: order.index(entry.category))
        details = sorted(self.details, key=lambda detail: detail.reason not in NEEDS_ATTENTION)
        omitted = self.details_omitted + max(0, len(details) - MAX_DETAILS)
        object.__setattr__(self, "summary", tuple(summary))
        object.__setattr__(self, "details", tuple(details[:MAX_DETAILS]))
        object.__setattr__(self, "details_omitted", omitted)

    @property
    def name(self) -> str:
        """The object's name: one integration starts at most one run of a direction in a second."""
        return report_name(self.integration, self.direction, self.start_time)

    def to_dict(self) -> dict[str, Any]:
        """Return `report` as it goes over the wire: camelCase, nothing that is null."""
        written: dict[str, Any] = _ADAPTER.dump_python(self, mode="json", by_alias=True, exclude_none=True)
        return written

    def to_manifest(self, *, namespace: str, owner_uid: str) -> dict[str, Any]:
        """Return the whole object, owned by its integration and so collected with it.

        The owner is not blocked by it, so clusters that guard owners need no right on finalizers
        (operations.md 6). Labels of the integration are not taken over: a GitOps tool would prune the report.
        """
        return {
            "apiVersion": API_VERSION,
            "kind": REPORT_KIND,
            "metadata": {
                "name": self.name,
                "namespace": namespace,
                "labels": {
                    INTEGRATION_LABEL: self.integration,
                    DIRECTION_LABEL: self.direction.lower(),
                    RESULT_LABEL: self.result.lower(),
                },
                "ownerReferences": [
                    {
                        "apiVersion": API_VERSION,
                        "kind": INTEGRATION_KIND,
                        "name": self.integration,
                        "uid": owner_uid,
                    }
                ],
            },
            "report": self.to_dict(),
        }


_ADAPTER: Final = TypeAdapter(SyncReport)


def report_name(integration: str, direction: Direction, start_time: datetime) -> str:
    """Return a name such as `river-keepers-pull-20260203-070000`."""
    return f"{integration}-{direction.lower()}-{start_time.astimezone(UTC):%Y%m%d-%H%M%S}"
