from datetime import UTC, datetime
from typing import Any

import pytest

from anmc.api.names import ConditionType, Direction, RunResult, Trigger
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import Effective, IntegrationStatus, LastRun

FULL: dict[str, Any] = {
    "observedGeneration": 4,
    "activeSinceTime": "2026-02-01T15:04:05Z",
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Synced",
            "message": "all is well",
            "observedGeneration": 4,
            "lastTransitionTime": "2026-02-01T15:04:07Z",
        }
    ],
    "effective": {
        "pushInterval": "5m",
        "pullSchedule": "0 2 * * *",
        "pullTimeZone": "America/New_York",
        "lookback": "48h",
        "sendWindow": "09:00-20:00",
        "fieldMappings": 12,
    },
    "push": {
        "lastHandledRequest": "2026-02-03T10:00:00Z",
        "watermark": "2026-02-03T10:20:00Z",
        "nextRunTime": "2026-02-03T10:30:00Z",
        "lastSuccessTime": "2026-02-03T10:25:03Z",
        "consecutiveFailures": 0,
        "lastRun": {
            "id": "push-20260203-102500-7f3a",
            "trigger": "Schedule",
            "startTime": "2026-02-03T10:25:00Z",
            "completionTime": "2026-02-03T10:25:03Z",
            "result": "Succeeded",
            "message": "3 opt-outs set in Action Network",
            "recordsRead": 3,
            "outcomes": [{"category": "OptedOutInActionNetwork", "count": 3}],
            "calls": {"mobileCommons": 1, "actionNetwork": 3},
            "reportName": "river-keepers-push-20260203-102500",
        },
    },
    "pull": {
        "lastHandledRequest": "",
        "consecutiveFailures": 1,
        "currentRun": {
            "id": "pull-20260203-070000-0a1b",
            "trigger": "CatchUp",
            "startTime": "2026-02-03T07:00:00Z",
            "recordsRead": 400,
        },
        "lastHandledFullRequest": "monday",
    },
    "people": {"linked": 48211, "suppressed": 1904, "deferredOptIns": 37, "deadLetters": 2},
    "lastHandledSafetyOverride": "",
}


def test_a_status_survives_reading_and_writing() -> None:
    assert IntegrationStatus.from_dict(FULL).to_dict() == FULL


@pytest.mark.parametrize("fresh", [None, {}, {"observedGeneration": -1}])
def test_a_fresh_object_counts_as_in_progress(fresh: dict[str, Any] | None) -> None:
    assert IntegrationStatus.from_dict(fresh) == IntegrationStatus()
    assert IntegrationStatus.from_dict(fresh).observed_generation == -1


def test_nothing_absent_is_written_as_null() -> None:
    assert IntegrationStatus().to_dict() == {
        "observedGeneration": -1,
        "conditions": [],
        "push": {"lastHandledRequest": "", "consecutiveFailures": 0},
        "pull": {"lastHandledRequest": "", "consecutiveFailures": 0, "lastHandledFullRequest": ""},
        "people": {"linked": 0, "suppressed": 0, "deferredOptIns": 0, "deadLetters": 0},
        "lastHandledSafetyOverride": "",
    }


def test_what_a_newer_operator_wrote_costs_only_itself() -> None:
    status = IntegrationStatus.from_dict(
        {
            **FULL,
            "shiny": {"new": True},
            "conditions": [{**FULL["conditions"][0], "type": "Shiny"}, FULL["conditions"][0]],
            "push": {**FULL["push"], "lastRun": {**FULL["push"]["lastRun"], "result": "Shiny"}},
        }
    )

    assert [condition.type for condition in status.conditions] == [ConditionType.READY]
    assert status.push.last_run is None
    assert status.push.watermark == datetime(2026, 2, 3, 10, 20, tzinfo=UTC)
    assert status.pull == IntegrationStatus.from_dict(FULL).pull


def test_a_status_of_another_shape_counts_as_fresh() -> None:
    assert IntegrationStatus.from_dict({"push": "idle"}) == IntegrationStatus()


@pytest.mark.parametrize("unusable", ["yesterday", "2026-02-03T10:20:00", ["2026-02-03T10:20:00Z"]])
def test_an_unusable_watermark_counts_as_none(unusable: object) -> None:
    status = IntegrationStatus.from_dict({"push": {"watermark": unusable, "consecutiveFailures": 3}})

    assert status.push.watermark is None
    assert status.push.consecutive_failures == 3


def test_each_direction_has_its_own_place() -> None:
    status = IntegrationStatus.from_dict(FULL)

    assert status.of(Direction.PUSH) is status.push
    assert status.of(Direction.PULL) is status.pull


def test_the_message_of_a_run_keeps_to_the_schema() -> None:
    now = datetime(2026, 2, 3, tzinfo=UTC)

    run = LastRun(
        id="push-1",
        trigger=Trigger.REQUEST,
        start_time=now,
        completion_time=now,
        result=RunResult.FAILED,
        message="line\n" * 1000,
    )

    assert len(run.message) == 1024
    assert "\n" not in run.message


def test_the_settings_in_force_are_shown_with_their_defaults() -> None:
    spec = DataSyncIntegrationSpec.from_dict(
        {
            "mobileCommons": {"credentialsSecretRef": {"name": "mobile-commons"}},
            "actionNetwork": {"credentialsSecretRef": {"name": "action-network"}, "optInField": "sms_opt_in"},
            "push": {"interval": "90s"},
        }
    )

    assert Effective.of(spec) == Effective(
        push_interval="1m30s",
        pull_schedule="0 2 * * *",
        pull_time_zone="America/New_York",
        lookback="48h",
        send_window="09:00-20:00",
        field_mappings=12,
    )
