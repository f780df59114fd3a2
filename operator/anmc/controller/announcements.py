"""Events and log lines about one integration: on a change of state, never on every success."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from anmc.api.names import Direction, EventReason, EventType
from anmc.cluster.events import EventRecorder, IntegrationEvent
from anmc.cluster.status import StatusTarget
from anmc.controller.registry import Entry
from anmc.errors import AnmcError, SafetyStop
from anmc.observability.logs import get_logger
from anmc.sync.run import RunEnd

_log = get_logger()

_REFUSALS: Final = {
    reason.value: reason for reason in (EventReason.FIELD_MAPPING_INVALID, EventReason.DUPLICATE_INTEGRATION)
}
"""Refusals with an event reason of their own, which is that of the error."""


@dataclass(frozen=True, slots=True)
class Announcer:
    """Tells people what changed, in the cluster and in the log."""

    events: EventRecorder

    def activated(self, entry: Entry) -> None:
        """Say that an integration was switched on."""
        self._post(entry, EventType.NORMAL, EventReason.ACTIVATED, "Syncing from now on")
        _log.info("integration.activated", **_names(entry))

    def deactivated(self, entry: Entry) -> None:
        """Say that an integration was switched off."""
        self._post(entry, EventType.NORMAL, EventReason.DEACTIVATED, "Nothing is synced until it is active again")
        _log.info("integration.deactivated", **_names(entry))

    def request_ignored(self, entry: Entry, direction: Direction) -> None:
        """Say that a requested run does not happen."""
        message = f"A {direction.lower()} was requested, and the integration is not active; nothing ran"
        self._post(entry, EventType.WARNING, EventReason.REQUEST_IGNORED, message)
        _log.warning("request.ignored", request=direction.lower(), cause="inactive", **_names(entry))

    def verified(self, entry: Entry) -> None:
        """Say that both services take the credentials, where they did not before."""
        self._post(entry, EventType.NORMAL, EventReason.CREDENTIALS_VERIFIED, "Both services accept the credentials")
        _log.info("credentials.verified", **_names(entry))

    def refused(self, entry: Entry, error: AnmcError) -> None:
        """Say why nothing can run."""
        reason = _REFUSALS.get(error.reason, EventReason.SYNC_FAILED)
        self._post(entry, EventType.WARNING, reason, error.sentence)
        _log.warning("integration.refused", reason=error.reason, remedy=error.remedy, **_names(entry))

    def run_failed(self, entry: Entry, direction: Direction, error: AnmcError, *, is_first: bool) -> None:
        """Say once per streak that runs of a direction fail."""
        if is_first:
            message = f"The {direction.lower()} failed: {error.sentence}"
            self._post(entry, EventType.WARNING, EventReason.SYNC_FAILED, message)
            _log.warning("run.failed", reason=error.reason, remedy=error.remedy, **_names(entry, direction))
        else:
            _log.debug("run.failed", reason=error.reason, **_names(entry, direction))

    def safety_stopped(self, entry: Entry, direction: Direction, stop: SafetyStop, *, is_first: bool) -> None:
        """Say once that a run would do too much, until one passes."""
        if is_first:
            self._post(entry, EventType.WARNING, EventReason.SAFETY_STOP, stop.sentence)
        log = _log.warning if is_first else _log.debug
        log(
            "safety.stopped",
            limit=stop.limit,
            value=stop.value,
            allowed=stop.allowed,
            **_names(entry, direction),
        )

    def safety_overridden(self, entry: Entry, direction: Direction) -> None:
        """Say that a run has passed its limits because somebody wished it."""
        _log.info("safety.overridden", **_names(entry, direction))

    def override_ignored(self, entry: Entry) -> None:
        """Say that an override has nothing to let pass, and will let nothing pass later."""
        message = "A safety override was set, and no direction is stopped; it counts for no later stop"
        self._post(entry, EventType.WARNING, EventReason.REQUEST_IGNORED, message)
        _log.warning("request.ignored", request="safety_override", cause="not stopped", **_names(entry))

    def run_recovered(self, entry: Entry, direction: Direction, *, failures: int) -> None:
        """Say that a streak of failures has ended."""
        message = f"The {direction.lower()} works again after {failures} failures"
        self._post(entry, EventType.NORMAL, EventReason.SYNC_RECOVERED, message)
        _log.info("run.recovered", failures=failures, **_names(entry, direction))

    def crashed(self, entry: Entry, error: Exception) -> None:
        """Say that a turn ended in a defect of ours; the traceback goes to the log alone."""
        _log.error("run.crashed", error_type=type(error).__name__, exc_info=error, **_names(entry))

    def run_interrupted(self, entry: Entry, direction: Direction, cause: str) -> None:
        """Say that a run ended early without anything being wrong."""
        _log.info("run.interrupted", cause=cause, **_names(entry, direction))

    def run_finished(self, entry: Entry, direction: Direction, run_id: str, end: RunEnd, *, seconds: float) -> None:
        """Say what a run did; a push that read nothing is for debugging only."""
        counts = {category.value: count for category, count in end.tally.by_category.items()}
        fields: dict[str, Any] = {
            "run_id": run_id,
            "result": end.result.value,
            "records_read": end.tally.records_read,
            "outcomes": counts,
            "seconds": round(seconds, 3),
            **_names(entry, direction),
        }
        if direction is Direction.PUSH and not end.tally.records_read:
            _log.debug("run.finished", **fields)
            return
        _log.info("run.finished", **fields)
        if direction is Direction.PULL:
            changed, attention = end.tally.changed, end.tally.attention
            message = (
                f"{end.tally.records_read} people read, {changed} changed, {attention} need attention ({end.result})"
            )
            self._post(entry, EventType.NORMAL, EventReason.PULL_COMPLETED, message)

    def opt_ins_deferred(self, entry: Entry, waiting: int) -> None:
        """Say that opt-ins wait for the send window or the daily cap."""
        message = f"{waiting} opt-ins wait for the send window or the daily cap"
        self._post(entry, EventType.NORMAL, EventReason.OPT_INS_DEFERRED, message)
        _log.info("opt_ins.deferred", count=waiting, **_names(entry))

    def dead_letters_added(self, entry: Entry, count: int, reasons: Sequence[str]) -> None:
        """Say that more records wait for another try than before; which they are stands in the report."""
        _log.warning("dead_letters.added", count=count, reasons=reasons, **_names(entry))

    def _post(self, entry: Entry, type_: EventType, reason: EventReason, message: str) -> None:
        seen = entry.seen
        self.events.post(IntegrationEvent(seen.namespace, seen.name, seen.uid, type_, reason, message))


def status_given_up(target: StatusTarget, code: int | None) -> None:
    """Say that a status could not be written; the next one carries everything anew."""
    _log.warning(
        "kube.write_failed",
        object="status",
        code=code,
        integration_namespace=target.namespace,
        integration=target.name,
    )


def _names(entry: Entry, direction: Direction | None = None) -> dict[str, Any]:
    names: dict[str, Any] = {"integration_namespace": entry.seen.namespace, "integration": entry.seen.name}
    if direction is not None:
        names["direction"] = direction.lower()
    return names
