from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from anmc.api.names import NEEDS_ATTENTION, Category, Direction, Mode, Reason, RunResult, Trigger
from anmc.api.report import ReportCalls, ReportDetail, ReportWindow, SyncReport, report_name
from anmc.api.status import OutcomeCount

START = datetime(2026, 2, 3, 7, tzinfo=UTC)


def a_report(**changes: Any) -> SyncReport:
    fields: dict[str, Any] = {
        "integration": "river-keepers",
        "direction": Direction.PULL,
        "mode": Mode.APPLY,
        "trigger": Trigger.SCHEDULE,
        "generation": 4,
        "start_time": START,
        "completion_time": START + timedelta(seconds=70),
        "result": RunResult.PARTIALLY_SUCCEEDED,
        "window": ReportWindow(from_=START - timedelta(hours=48), to=START),
        "records_read": 1,
        "changed": 0,
        "attention": 0,
        "summary": (OutcomeCount(Category.NO_DIFFERENCE, 1),),
        "calls": ReportCalls(mobile_commons=24, action_network=33, mobile_commons_floor=24, action_network_floor=33),
    }
    return SyncReport(**fields | changes)


def a_detail(reason: Reason = Reason.APPLIED, person: str = "0b61", **changes: Any) -> ReportDetail:
    fields: dict[str, Any] = {"category": Category.HELD, "reason": reason, "action_network_id": person}
    return ReportDetail(**fields | changes)


def test_details_that_need_a_person_come_first_and_otherwise_keep_their_order() -> None:
    details = (
        a_detail(Reason.APPLIED, "1"),
        a_detail(Reason.BOTH_CHANGED, "2"),
        a_detail(Reason.PHONE_MISSING, "3"),
        a_detail(Reason.PERSON_GONE, "4"),
    )

    shown = a_report(details=details).details

    assert [detail.action_network_id for detail in shown] == ["2", "4", "1", "3"]


def test_details_beyond_two_hundred_are_counted_and_left_out() -> None:
    details = (*(a_detail(),) * 250, a_detail(Reason.PERSON_GONE))

    report = a_report(details=details, details_omitted=7)

    assert len(report.details) == 200
    assert report.details_omitted == 7 + 51
    assert report.details[0].reason in NEEDS_ATTENTION


def test_a_detail_names_ten_fields_at_most() -> None:
    detail = a_detail(fields=tuple(f"custom.{number}" for number in range(12)))

    assert detail.fields == tuple(f"custom.{number}" for number in range(10))


def test_the_summary_goes_by_the_order_of_the_categories() -> None:
    summary = (OutcomeCount(Category.IMPORTED, 20), OutcomeCount(Category.NO_IMPORT, 2))

    shown = a_report(summary=summary).to_dict()["summary"]

    assert shown == [{"category": "NoImport", "count": 2}, {"category": "Imported", "count": 20}]


def test_a_report_is_written_in_camel_case_without_nulls() -> None:
    written = a_report(details=(a_detail(Reason.PHONE_MISSING, fields=("city",)),)).to_dict()

    assert written["window"] == {"from": "2026-02-01T07:00:00Z", "to": "2026-02-03T07:00:00Z"}
    assert written["calls"]["mobileCommonsFloor"] == 24
    assert written["details"] == [
        {"category": "Held", "reason": "PhoneMissing", "actionNetworkId": "0b61", "fields": ["city"]}
    ]


def test_a_report_belongs_to_its_integration_without_blocking_it() -> None:
    metadata = a_report().to_manifest(namespace="crm", owner_uid="1f0e")["metadata"]

    assert metadata["namespace"] == "crm"
    assert metadata["ownerReferences"] == [
        {"apiVersion": "anmc.io/v1alpha1", "kind": "DataSyncIntegration", "name": "river-keepers", "uid": "1f0e"}
    ]
    assert metadata["labels"] == {
        "anmc.io/integration": "river-keepers",
        "anmc.io/direction": "pull",
        "anmc.io/result": "partiallysucceeded",
    }


@pytest.mark.parametrize(
    "start", [START, START + timedelta(milliseconds=999), START.astimezone(timezone(timedelta(hours=-5)))]
)
def test_a_report_is_named_after_the_start_of_its_run_in_utc(start: datetime) -> None:
    assert report_name("river-keepers", Direction.PULL, start) == "river-keepers-pull-20260203-070000"
