"""What a real API server makes of the two kinds."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from anmc.api.conditions import Condition, set_condition
from anmc.api.names import (
    Category,
    ConditionReason,
    ConditionStatus,
    ConditionType,
    Direction,
    Mode,
    Reason,
    RunResult,
    Trigger,
)
from anmc.api.report import ReportCalls, ReportDetail, ReportWindow, SyncReport
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import (
    CurrentRun,
    DirectionStatus,
    Effective,
    IntegrationStatus,
    LastRun,
    OutcomeCount,
    PullStatus,
)
from devcluster import Cluster, KubectlFailed

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
MINIMAL = yaml.safe_load((Path(__file__).parents[2] / "crds/valid/minimal.yaml").read_text())


class Namespace:
    """kubectl in one namespace, with objects in and out."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.cluster.kubectl(*arguments, f"--namespace={self.name}", stdin=stdin)

    def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        return self._object("create", "--filename=-", stdin=json.dumps(manifest))

    def create_with_owner(self, report: SyncReport) -> dict[str, Any]:
        owner = self.create(an_integration(report.integration))
        return self.create(report.to_manifest(namespace=self.name, owner_uid=owner["metadata"]["uid"]))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        return self._object("get", kind, name)

    def patch(self, kind: str, name: str, patch: dict[str, Any], *more: str) -> dict[str, Any]:
        return self._object("patch", kind, name, "--type=merge", f"--patch={json.dumps(patch)}", *more)

    def _object(self, *arguments: str, stdin: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.kubectl(*arguments, "--output=json", stdin=stdin))
        return answer


@pytest.fixture
def place(cluster: Cluster, namespace: str) -> Namespace:
    return Namespace(cluster, namespace)


def an_integration(name: str = "river-keepers", **spec: Any) -> dict[str, Any]:
    return {**MINIMAL, "metadata": {"name": name}, "spec": MINIMAL["spec"] | spec}


def a_full_status() -> IntegrationStatus:
    """Return a status in which nothing is absent."""
    last_run = LastRun(
        id="push-20260203-120000-7f3a",
        trigger=Trigger.RETRY,
        start_time=NOON,
        completion_time=NOON,
        result=RunResult.SUCCEEDED,
        message="m" * 5000,
        records_read=19,
        outcomes=tuple(OutcomeCount(category, 1) for category in Category),
        report_name="river-keepers-push-20260203-120000",
    )
    conditions: tuple[Condition, ...] = ()
    for type_ in ConditionType:
        for reason in ConditionReason:
            conditions = set_condition(
                conditions, type_, ConditionStatus.TRUE, reason, "m" * 5000, generation=1, now=NOON
            )
    push = DirectionStatus(
        last_handled_request="t" * 10_000,
        watermark=NOON,
        next_run_time=NOON,
        last_success_time=NOON,
        current_run=CurrentRun(id="push-1", trigger=Trigger.ACTIVATION, start_time=NOON),
        last_run=last_run,
    )
    return IntegrationStatus(
        observed_generation=1,
        active_since_time=NOON,
        conditions=conditions,
        effective=Effective.of(DataSyncIntegrationSpec.from_dict(MINIMAL["spec"])),
        push=push,
        pull=PullStatus(
            last_handled_full_request="token",
            next_run_time=NOON,
            last_success_time=NOON,
            last_run=replace(last_run, result=RunResult.FAILED),
        ),
        last_handled_safety_override="token",
    )


def a_report(integration: str, *, details: int) -> SyncReport:
    detail = ReportDetail(
        category=Category.FIELD_CONFLICT,
        reason=Reason.EMAIL_MATCH_HAS_OTHER_PHONE,
        mobile_commons_id="602169563",
        action_network_id="0b61f3d2-0000-4000-8000-000000000001",
        fields=("custom." + "n" * 128,) * 10,
    )
    return SyncReport(
        integration=integration,
        direction=Direction.PULL,
        mode=Mode.APPLY,
        trigger=Trigger.SCHEDULE,
        generation=1,
        start_time=NOON,
        completion_time=NOON,
        result=RunResult.PARTIALLY_SUCCEEDED,
        window=ReportWindow(from_=NOON - timedelta(hours=48), to=NOON),
        records_read=812,
        changed=20,
        attention=2,
        summary=tuple(OutcomeCount(category, 1) for category in Category),
        calls=ReportCalls(mobile_commons=24, action_network=33, mobile_commons_floor=24, action_network_floor=33),
        details=(detail,) * details,
    )


def test_a_new_integration_is_inactive_and_in_progress(place: Namespace) -> None:
    created = place.create(an_integration())

    assert created["spec"] == MINIMAL["spec"] | {"active": False}
    assert created["status"] == {"observedGeneration": -1}


def test_a_user_cannot_write_the_status_with_the_spec(place: Namespace) -> None:
    created = place.create({**an_integration(), "status": {"observedGeneration": 7}})

    changed = place.patch("dsi", "river-keepers", {"spec": {"notes": "seen"}, "status": {"observedGeneration": 7}})

    assert created["status"] == changed["status"] == {"observedGeneration": -1}


def test_the_operator_cannot_write_the_spec_with_the_status(place: Namespace) -> None:
    place.create(an_integration())

    changed = place.patch(
        "dsi",
        "river-keepers",
        {"spec": {"notes": "seen"}, "status": {"observedGeneration": 7}},
        "--subresource=status",
    )

    assert changed["status"] == {"observedGeneration": 7}
    assert "notes" not in changed["spec"]
    assert changed["metadata"]["generation"] == 1


def test_the_fullest_status_is_stored_as_it_was_written(place: Namespace) -> None:
    place.create(an_integration())
    written = a_full_status().to_dict()

    stored = place.patch("dsi", "river-keepers", {"status": written}, "--subresource=status")

    assert stored["status"] == written


def test_a_null_takes_a_finished_run_out_of_the_status(place: Namespace) -> None:
    place.create(an_integration())
    place.patch("dsi", "river-keepers", {"status": a_full_status().to_dict()}, "--subresource=status")

    left = place.patch("dsi", "river-keepers", {"status": {"push": {"currentRun": None}}}, "--subresource=status")

    assert IntegrationStatus.from_dict(left["status"]).push.current_run is None
    assert IntegrationStatus.from_dict(left["status"]).pull == a_full_status().pull


def test_the_columns_tell_how_an_integration_stands(place: Namespace) -> None:
    place.create(an_integration(active=True))
    place.patch("dsi", "river-keepers", {"status": a_full_status().to_dict()}, "--subresource=status")

    header, row = place.kubectl("get", "dsi").splitlines()
    wide_header, wide_row = place.kubectl("get", "dsi", "--output=wide").splitlines()

    assert header.split() == ["NAME", "ACTIVE", "READY", "REASON", "LAST", "PUSH", "LAST", "PULL", "AGE"]
    assert row.split()[:4] == ["river-keepers", "true", "True", list(ConditionReason)[-1]]
    assert wide_header.startswith(header.rstrip())
    assert wide_header.split()[9:] == ["NEXT", "PULL", "LINKED", "DEAD", "LETTERS", "MESSAGE"]
    assert wide_row.split()[7:10] == ["2026-02-03T12:00:00Z", "0", "0"]


def test_integrations_can_be_selected_by_whether_they_are_active(place: Namespace) -> None:
    place.create(an_integration("on", active=True))
    place.create(an_integration("off"))

    selected = place.kubectl("get", "dsi", "--field-selector=spec.active=true", "--output=name")

    assert selected.split() == ["datasyncintegration.anmc.io/on"]


def test_the_category_lists_both_kinds(place: Namespace) -> None:
    report = a_report("river-keepers", details=0)
    place.create_with_owner(report)

    listed = place.kubectl("get", "anmc", "--output=name").split()

    assert listed == ["datasyncintegration.anmc.io/river-keepers", f"syncreport.anmc.io/{report.name}"]


def test_the_longest_report_is_stored_as_it_was_written(place: Namespace) -> None:
    report = a_report("river-keepers", details=250)

    stored = place.create_with_owner(report)

    assert stored["report"] == report.to_dict()
    assert len(stored["report"]["details"]) == 200


def test_a_report_cannot_be_changed(place: Namespace) -> None:
    report = a_report("river-keepers", details=2)
    place.create_with_owner(report)

    with pytest.raises(KubectlFailed, match="report must not change, as it was written once"):
        place.patch("dsr", report.name, {"report": {"changed": 0}})

    assert place.get("dsr", report.name)["report"] == report.to_dict()


def test_the_columns_tell_what_a_report_is_about(place: Namespace) -> None:
    report = a_report("river-keepers", details=0)
    place.create_with_owner(report)

    header, row = place.kubectl("get", "dsr").splitlines()

    assert header.split()[1:] == [
        "INTEGRATION",
        "DIRECTION",
        "RESULT",
        "READ",
        "CHANGED",
        "ATTENTION",
        "STARTED",
        "AGE",
    ]
    assert row.split()[:7] == [report.name, "river-keepers", "Pull", "PartiallySucceeded", "812", "20", "2"]


def test_a_report_goes_with_its_integration(place: Namespace) -> None:
    report = a_report("river-keepers", details=0)
    place.create_with_owner(report)

    place.kubectl("delete", "dsi", "river-keepers")

    place.kubectl("wait", "--for=delete", f"dsr/{report.name}", "--timeout=60s")
