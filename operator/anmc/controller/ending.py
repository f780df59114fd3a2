"""What a run leaves in the status and in a report: pure functions of how it ended."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from anmc.api.names import Direction, RunResult
from anmc.api.report import ReportCalls, ReportDetail, ReportWindow, SyncReport
from anmc.api.status import Calls, DirectionStatus, IntegrationStatus, LastRun, OutcomeCount, PullStatus
from anmc.controller.due import Due
from anmc.errors import AnmcError, Interrupted, TooManyFailures
from anmc.sync.ports import Service
from anmc.sync.refusals import REFUSALS
from anmc.sync.run import RunContext, RunEnd, RunOrder
from anmc.sync.tally import Tally

_STARTS_AFRESH: Final = (TooManyFailures, *REFUSALS)
"""Errors after which no run goes on where this one stopped."""

BESIDE_VENDOR_SYNC: Final = (
    "The vendor's own Action Network sync is active on these accounts too: switch it off, or people are texted twice."
)
"""What a run says that met the other writer (sync.md 10)."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: with an end, with the error that stopped it, or with both after a safety stop."""

    order: RunOrder
    due: Due
    completed_at: datetime
    seconds: float
    calls: Calls
    tally: Tally
    end: RunEnd | None = None
    error: AnmcError | None = None
    report_name: str | None = None

    @property
    def result(self) -> RunResult:
        """The result that the status shows."""
        if self.end is not None:
            return self.end.result
        return RunResult.INTERRUPTED if isinstance(self.error, Interrupted) else RunResult.FAILED

    @property
    def message(self) -> str:
        """What the status says: what stopped the run, or what it did and what kept a part of it from its end.

        Another writer on the same accounts is named in either case: it may be what went wrong.
        """
        *before, last = self._sentences()
        return " ".join([*(f"{sentence.removesuffix('.')}." for sentence in before), last])

    def _sentences(self) -> Iterator[str]:
        yield self._summary if self.error is None else self.error.sentence
        if self.end is not None and self.end.problem is not None:
            yield self.end.problem.sentence
        if self.end is not None and self.end.is_beside_vendor_sync:
            yield BESIDE_VENDOR_SYNC

    @property
    def _summary(self) -> str:
        counts = self.tally.by_category
        return ", ".join(f"{category} {count}" for category, count in counts.items()) or "Nothing new"


def status_after(status: IntegrationStatus, ending: Ending) -> IntegrationStatus:
    """Return the status after a run; conditions, people and the next run are not its business."""
    order, result = ending.order, ending.result
    before = status.of(order.direction)
    last_run = LastRun(
        id=order.id,
        trigger=order.trigger,
        start_time=order.started_at,
        completion_time=ending.completed_at,
        result=result,
        message=ending.message,
        records_read=ending.tally.records_read,
        outcomes=tuple(OutcomeCount(category, count) for category, count in ending.tally.by_category.items()),
        calls=ending.calls,
        report_name=ending.report_name,
    )
    changes: dict[str, Any] = {"current_run": None, "last_run": last_run}
    if result is RunResult.FAILED:
        changes["consecutive_failures"] = before.consecutive_failures + 1
    elif result is not RunResult.INTERRUPTED:
        changes["consecutive_failures"] = 0
        changes["last_success_time"] = ending.completed_at
        if ending.end is not None and ending.end.watermark is not None:
            changes["watermark"] = ending.end.watermark
    if ending.due.token and result is not RunResult.INTERRUPTED:
        changes["last_handled_full_request" if ending.due.full else "last_handled_request"] = ending.due.token
    return with_direction(status, replace(before, **changes))


def close_left_over(status: IntegrationStatus, *, now: datetime) -> tuple[IntegrationStatus, list[Direction]]:
    """Close runs that the status still shows although nobody runs them: their process died (sync.md W8).

    What such a run had read is known to its checkpoint alone; the run that resumes it counts for both.
    """
    closed = []
    for direction in Direction:
        before = status.of(direction)
        if (run := before.current_run) is None:
            continue
        last_run = LastRun(
            id=run.id,
            trigger=run.trigger,
            start_time=run.start_time,
            completion_time=now,
            result=RunResult.INTERRUPTED,
            message="The operator was stopped in the middle of this run; it is resumed",
        )
        status = with_direction(status, replace(before, current_run=None, last_run=last_run))
        closed.append(direction)
    return status, closed


def with_direction(status: IntegrationStatus, changed: DirectionStatus) -> IntegrationStatus:
    """Return the status with one direction replaced."""
    if isinstance(changed, PullStatus):
        return replace(status, pull=changed)
    return replace(status, push=changed)


def report_of(ending: Ending, context: RunContext, *, integration: str) -> SyncReport | None:
    """Make the report of a run; None for one that has nothing to report (api.md 7).

    A run that ended early has none, as the next one takes up its records, unless a person has to read which of them
    failed, or what refused credentials have cut off: then the next one starts afresh (sync.md S3, W15).
    """
    order, tally = ending.order, ending.tally
    if ending.end is not None:
        window = ReportWindow(from_=ending.end.window_from, to=ending.end.window_to)
    elif isinstance(ending.error, _STARTS_AFRESH) and context.lower_bound is not None and tally.records_read:
        window = ReportWindow(from_=context.lower_bound, to=order.started_at)
    else:
        return None
    if order.direction is Direction.PUSH and not tally.records_read:
        return None
    return SyncReport(
        integration=integration,
        direction=order.direction,
        mode=order.mode,
        trigger=order.trigger,
        generation=order.generation,
        start_time=order.started_at,
        completion_time=ending.completed_at,
        result=ending.result,
        window=window,
        records_read=tally.records_read,
        changed=tally.changed,
        attention=tally.attention,
        summary=tuple(OutcomeCount(category, count) for category, count in tally.by_category.items()),
        calls=ReportCalls(
            mobile_commons=ending.calls.mobile_commons,
            action_network=ending.calls.action_network,
            mobile_commons_floor=context.floor[Service.MOBILE_COMMONS],
            action_network_floor=context.floor[Service.ACTION_NETWORK],
        ),
        details=tuple(
            ReportDetail(
                category=detail.outcome.category,
                reason=detail.outcome.reason,
                mobile_commons_id=detail.profile_id,
                action_network_id=detail.person_id,
                fields=detail.outcome.fields,
            )
            for detail in tally.details
        ),
        details_omitted=tally.details_omitted,
    )
