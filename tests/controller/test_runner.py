import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from kubernetes.aio.client.exceptions import ApiException

from anmc.api.conditions import find_condition
from anmc.api.names import ConditionType, Direction, RunResult, Trigger
from anmc.api.status import DirectionStatus, IntegrationStatus, PullStatus
from anmc.controller.services import Pace
from anmc.errors import (
    AuthenticationFailed,
    FieldMappingInvalid,
    SecretNotFound,
    ServiceUnavailable,
    StoreUnavailable,
)
from anmc.store.memory import SqlMemory
from anmc.store.store import Store
from anmc.sync.ports import UnreadableRecord
from support.controlled import NOON, a_current_run, a_sighting, a_status, shown
from support.fake_world import Stage, a_person_without_number

MINUTE = timedelta(minutes=1)
PUSH_NOW = {"anmc.io/push-requested-at": "now"}
PULL_NOW = {"anmc.io/pull-requested-at": "now"}


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was migrated once for all tests of this module."""
    path = tmp_path_factory.mktemp("store") / "anmc.db"

    async def migrate() -> None:
        await (await Store.open(f"sqlite:///{path}")).close()

    asyncio.run(migrate())
    return path


@pytest.fixture
async def stage(empty_store: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    store = await Store.open(f"sqlite:///{shutil.copy(empty_store, tmp_path)}")
    yield Stage(store)
    await store.close()


def raises(error: Exception, *, at: str) -> "Raising":
    return Raising(error, at)


class Raising:
    """Makes one operation fail until it is told otherwise."""

    def __init__(self, error: Exception, operation: str) -> None:
        self.error: Exception | None = error
        self.operation = operation

    def __call__(self, operation: str) -> None:
        if self.error is not None and operation == self.operation:
            raise self.error


async def test_a_new_integration_is_verified_and_pushes_in_its_first_turn(stage: Stage) -> None:
    stage.apply(generation=3)

    status = await stage.take_turn()

    assert shown(status.conditions) == {
        "Ready": "True Synced",
        "CredentialsValid": "True Verified",
        "PushSynced": "True NothingToDo",
        "PullSynced": "Unknown Pending",
    }
    assert status.observed_generation == 3
    assert status.active_since_time == NOON
    assert status.effective is not None
    assert status.push.last_run is not None
    assert status.push.last_run.trigger is Trigger.ACTIVATION
    assert status.push.last_success_time == NOON
    assert stage.events.reasons == ["Activated", "CredentialsVerified"]


async def test_after_a_turn_the_next_runs_are_shown_and_the_first_of_them_is_due(stage: Stage) -> None:
    stage.apply()

    status = await stage.take_turn()

    assert status.push.next_run_time is not None
    assert NOON < status.push.next_run_time <= NOON + 5 * MINUTE
    assert status.pull.next_run_time is not None
    assert stage.entry.due == status.push.next_run_time


async def test_an_idle_push_writes_the_status_once(stage: Stage) -> None:
    stage.apply()
    await stage.take_turn()
    before = stage.api.writes

    await stage.take_due_turn()

    assert stage.api.writes == before + 1


async def test_a_verified_integration_is_not_verified_at_each_run(stage: Stage) -> None:
    stage.apply()
    for _ in range(3):
        await stage.take_due_turn()

    assert stage.services.operations["list_campaigns"] == 1
    assert stage.services.operations["list_profiles"] == 3


@pytest.mark.rule("W14")
async def test_a_verification_is_repeated_every_day(stage: Stage) -> None:
    stage.apply()
    await stage.take_turn()

    stage.clock.move(days=1)
    await stage.take_turn()

    assert stage.services.operations["list_campaigns"] == 2


@pytest.mark.rule("W14")
async def test_a_daily_verification_that_no_service_answers_does_not_hold_back_the_push(stage: Stage) -> None:
    stage.apply(pull__schedule="0 0 29 2 *")
    await stage.take_turn()
    stage.services.before = raises(ServiceUnavailable("Away"), at="list_custom_fields")

    stage.clock.move(days=1)
    status = await stage.take_turn()

    assert stage.services.operations["list_profiles"] == 2
    assert shown(status.conditions)["CredentialsValid"] == "True Verified"


async def test_a_pull_claims_counts_and_reports(stage: Stage) -> None:
    stage.services.people_pages = [[a_person_without_number(n) for n in range(3)]]
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()

    status = await stage.take_due_turn()

    assert status.pull.last_run is not None
    assert status.pull.last_run.result is RunResult.SUCCEEDED
    assert status.pull.last_run.trigger is Trigger.REQUEST
    assert status.pull.last_run.records_read == 3
    assert sum(outcome.count for outcome in status.pull.last_run.outcomes) == 3
    assert status.pull.last_handled_request == "now"
    assert status.pull.current_run is None
    (report,) = stage.reports.created
    assert status.pull.last_run.report_name == report.name
    assert sum(stage.entry.records.values()) == 3
    assert "PullCompleted" in stage.events.reasons


@pytest.mark.rule("W1")
async def test_a_pull_lets_a_due_push_run_at_its_next_page(stage: Stage) -> None:
    stage.services.people_pages = [[a_person_without_number(n)] for n in range(3)]
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()
    order: list[str] = []

    def slow_page(operation: str) -> None:
        order.append(operation)
        if operation == "list_people":
            stage.clock.move(minutes=3)

    stage.services.before = slow_page
    status = await stage.take_due_turn()

    pages = [position for position, operation in enumerate(order) if operation == "list_people"]
    pushes = [position for position, operation in enumerate(order) if operation == "list_profiles"]
    assert len(pages) == 4
    assert pages[0] < pushes[0] < pages[2]
    assert status.pull.last_run is not None
    assert status.pull.last_run.result is RunResult.SUCCEEDED
    assert stage.entry.runs[Direction.PUSH, RunResult.SUCCEEDED] == 1 + len(pushes)


async def test_a_long_pull_shows_its_progress_every_quarter_of_a_minute_at_most(stage: Stage) -> None:
    stage.services.people_pages = [[a_person_without_number(n)] for n in range(12)]
    stage.apply(annotations=PULL_NOW, push__interval="24h")
    await stage.take_turn()
    read: list[int] = []

    def page_of_five_seconds(operation: str) -> None:
        if operation == "list_people":
            stage.clock.move(seconds=5)
            current = stage.status.pull.current_run
            assert current is not None
            read.append(current.records_read)

    stage.services.before = page_of_five_seconds
    status = await stage.take_due_turn()

    assert status.pull.current_run is None
    assert sorted(set(read)) == [0, 3, 6, 9, 12]


async def test_a_report_that_cannot_be_written_fails_no_run(stage: Stage) -> None:
    stage.reports.create_error = ApiException(status=403)
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()

    status = await stage.take_due_turn()

    assert status.pull.last_run is not None
    assert status.pull.last_run.result is RunResult.SUCCEEDED
    assert status.pull.last_run.report_name is None


async def test_a_report_is_named_although_the_older_ones_could_not_be_removed(stage: Stage) -> None:
    stage.reports.prune_error = ApiException(status=500)
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()

    status = await stage.take_due_turn()

    assert status.pull.last_run is not None
    assert status.pull.last_run.report_name == stage.reports.created[0].name


@pytest.mark.rule("W15")
async def test_refused_credentials_hold_back_runs_until_they_are_asked_again_after_a_while(stage: Stage) -> None:
    refusing = raises(AuthenticationFailed("Refused", remedy="Put a valid key."), at="list_custom_fields")
    stage.services.before = refusing
    stage.apply()
    status = await stage.take_turn()
    for _ in range(14):
        await stage.take_due_turn()
    asked_meanwhile = stage.services.operations["list_campaigns"]

    refusing.error = None
    recovered = await stage.take_due_turn()

    assert shown(status.conditions)["Ready"] == "False CredentialsInvalid"
    assert asked_meanwhile == 1
    assert stage.clock.now() - NOON == 15 * MINUTE
    assert shown(recovered.conditions)["Ready"] == "True Synced"
    assert stage.events.reasons == ["Activated", "SyncFailed", "CredentialsVerified"]


async def test_other_secrets_than_the_refused_ones_are_tried_within_a_minute(stage: Stage) -> None:
    refusing = raises(AuthenticationFailed("Refused"), at="list_custom_fields")
    stage.services.before = refusing
    stage.apply()
    await stage.take_turn()

    refusing.error = None
    stage.services.secrets = b"second"
    status = await stage.take_due_turn()

    assert stage.clock.now() - NOON == MINUTE
    assert shown(status.conditions)["CredentialsValid"] == "True Verified"


@pytest.mark.rule("W15")
async def test_a_secret_that_changed_while_it_was_refused_is_tried_at_once(stage: Stage) -> None:
    """The refusal is about the Secret that was used, not about the one that is there now."""

    def rotate(operation: str) -> None:
        if operation == "list_custom_fields" and stage.services.secrets == b"first":
            stage.services.secrets = b"second"
            raise AuthenticationFailed("Refused")

    stage.services.before = rotate
    stage.apply()
    await stage.take_turn()

    status = await stage.take_due_turn()

    assert stage.clock.now() - NOON == MINUTE
    assert shown(status.conditions)["CredentialsValid"] == "True Verified"


@pytest.mark.rule("W15")
async def test_credentials_refused_by_a_run_fail_it_and_hold_back_the_next(stage: Stage) -> None:
    stage.apply()
    await stage.take_turn()
    stage.services.before = raises(AuthenticationFailed("Refused"), at="list_profiles")

    status = await stage.take_due_turn()
    await stage.take_due_turn()

    assert status.push.last_run is not None
    assert status.push.last_run.result is RunResult.FAILED
    assert shown(status.conditions)["PushSynced"] == "False CredentialsInvalid"
    assert shown(status.conditions)["Stalled"] == "True CredentialsInvalid"
    assert stage.services.operations["list_profiles"] == 2


@pytest.mark.rule("W15")
async def test_a_refused_run_says_which_records_it_has_not_finished(stage: Stage) -> None:
    reachable = replace(a_person_without_number(1), number="12025550123")
    stage.services.people_pages = [[a_person_without_number(0)], [reachable]]
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()
    stage.services.before = raises(AuthenticationFailed("Refused"), at="find_profiles")

    status = await stage.take_due_turn()

    assert status.pull.last_run is not None
    assert {(each.category.value, each.count) for each in status.pull.last_run.outcomes} == {
        ("NoImport", 1),
        ("ValidationError", 1),
    }
    assert status.pull.watermark is None
    [report] = stage.reports.created
    assert (report.result, report.attention) == (RunResult.FAILED, 1)
    assert status.pull.last_run.report_name == report.name


async def test_a_missing_secret_is_looked_for_every_minute(stage: Stage) -> None:
    missing = raises(SecretNotFound('Secret "action-network" does not exist'), at="open")
    stage.services.before = missing
    stage.apply()
    status = await stage.take_turn()

    missing.error = None
    recovered = await stage.take_due_turn()

    assert shown(status.conditions)["CredentialsValid"] == "False SecretNotFound"
    assert stage.clock.now() - NOON == MINUTE
    assert shown(recovered.conditions)["Ready"] == "True Synced"


async def test_refused_secrets_that_are_deleted_are_missing(stage: Stage) -> None:
    stage.services.before = raises(AuthenticationFailed("Refused"), at="list_custom_fields")
    stage.apply()
    await stage.take_turn()

    stage.services.before = raises(SecretNotFound("Gone"), at="fingerprint")
    status = await stage.take_due_turn()

    assert shown(status.conditions)["CredentialsValid"] == "False SecretNotFound"


async def test_an_unknown_field_is_told_and_a_corrected_spec_is_taken_up_at_once(stage: Stage) -> None:
    wrong = raises(FieldMappingInvalid('Action Network has no custom field "x"'), at="list_custom_fields")
    stage.services.before = wrong
    stage.apply()
    status = await stage.take_turn()

    wrong.error = None
    stage.apply(generation=2)
    corrected = await stage.take_turn()

    assert shown(status.conditions)["Stalled"] == "True FieldMappingInvalid"
    assert "FieldMappingInvalid" in stage.events.reasons
    assert shown(corrected.conditions)["Ready"] == "True Synced"
    assert corrected.observed_generation == 2


TEAM = [{"field": "custom.team", "apiFieldName": "custom_fields.team"}]
ALL_FIELDS = frozenset({"sms_opt_in", "team"})


@pytest.fixture
async def loses_team(stage: Stage) -> None:
    """An integration that ran well has lost a mapped field, which the verification of the next day notices."""
    stage.services.custom_fields = ALL_FIELDS
    stage.apply(fieldMappings=TEAM, pull__schedule="0 0 29 2 *")
    await stage.take_turn()
    stage.services.custom_fields = frozenset({"sms_opt_in"})
    stage.clock.move(days=1)


def credentials(status: IntegrationStatus) -> str:
    condition = find_condition(status.conditions, ConditionType.CREDENTIALS_VALID)
    assert condition is not None
    return condition.message


@pytest.mark.rule("F16")
@pytest.mark.usefixtures("loses_team")
async def test_a_field_that_vanished_is_held_and_the_runs_go_on(stage: Stage) -> None:
    status = await stage.take_turn()

    assert shown(status.conditions)["Ready"] == "True Synced"
    assert credentials(status).endswith("held until Action Network lists them again: custom_fields.team")
    assert stage.entry.verification is not None
    assert stage.entry.verification.found.missing == {"custom_fields.team"}
    assert stage.services.operations["list_profiles"] == 2


@pytest.mark.rule("F16")
@pytest.mark.usefixtures("loses_team")
async def test_a_field_that_is_back_is_held_no_longer(stage: Stage) -> None:
    await stage.take_turn()
    stage.services.custom_fields = ALL_FIELDS
    stage.clock.move(days=1)

    status = await stage.take_turn()

    assert credentials(status) == "Both services accept the credentials"
    assert stage.entry.verification is not None
    assert stage.entry.verification.found.missing == frozenset()


@pytest.mark.rule("F16")
@pytest.mark.usefixtures("loses_team")
@pytest.mark.parametrize("is_away", [False, True])
async def test_a_restart_makes_no_new_spec(stage: Stage, *, is_away: bool) -> None:
    stage.restart()
    if is_away:
        stage.services.before = raises(ServiceUnavailable("Away"), at="list_custom_fields")
        await stage.take_turn()
        stage.services.before = lambda _: None

    status = await stage.take_due_turn()

    assert shown(status.conditions)["Ready"] == "True Synced"
    assert stage.entry.verification is not None
    assert stage.entry.verification.found.missing == {"custom_fields.team"}


@pytest.mark.rule("F16")
@pytest.mark.usefixtures("loses_team")
async def test_an_edited_spec_has_to_name_what_there_is(stage: Stage) -> None:
    stage.apply(generation=2, fieldMappings=TEAM)

    status = await stage.take_turn()

    assert shown(status.conditions)["Stalled"] == "True FieldMappingInvalid"


async def test_a_spec_edited_during_its_verification_is_verified_anew(stage: Stage) -> None:
    def edit(operation: str) -> None:
        if operation == "list_custom_fields" and stage.entry.seen.generation == 1:
            stage.apply(generation=2)

    stage.services.before = edit
    stage.apply()
    await stage.take_turn()
    await stage.take_turn()

    assert stage.services.operations["list_campaigns"] == 2


async def test_a_spec_that_cannot_be_read_is_refused_with_its_problem(stage: Stage) -> None:
    stage.apply(push__interval="soon")

    status = await stage.take_turn()

    assert shown(status.conditions)["Stalled"] == "True InvalidSpec"
    assert "spec.push.interval" in status.conditions[0].message


async def test_a_schedule_that_never_comes_is_refused(stage: Stage) -> None:
    stage.apply(pull__schedule="0 0 30 2 *")

    status = await stage.take_turn()

    assert shown(status.conditions)["Ready"] == "False InvalidSpec"
    assert stage.services.calls == 0


async def test_a_service_that_is_away_is_asked_again_every_minute(stage: Stage) -> None:
    away = raises(ServiceUnavailable("Mobile Commons does not answer"), at="list_campaigns")
    stage.services.before = away
    stage.apply()
    status = await stage.take_turn()

    away.error = None
    recovered = await stage.take_due_turn()

    assert shown(status.conditions)["CredentialsValid"] == "Unknown ServiceUnreachable"
    assert stage.clock.now() - NOON == MINUTE
    assert shown(recovered.conditions)["Ready"] == "True Synced"


async def test_a_failing_streak_is_announced_once_and_so_is_its_end(stage: Stage) -> None:
    stage.apply()
    await stage.take_turn()
    failing = raises(ServiceUnavailable("Away"), at="list_profiles")
    stage.services.before = failing
    await stage.take_due_turn()
    await stage.take_due_turn()
    status = await stage.take_due_turn()
    failing.error = None
    recovered = await stage.take_due_turn()

    assert status.push.consecutive_failures == 3
    assert shown(status.conditions)["Ready"] == "False PushFailing"
    assert recovered.push.consecutive_failures == 0
    assert shown(recovered.conditions)["Ready"] == "True Synced"
    assert stage.events.reasons[2:] == ["SyncFailed", "SyncRecovered"]


async def test_a_defect_in_a_run_is_a_failed_run(stage: Stage) -> None:
    stage.services.before = raises(RuntimeError("a defect"), at="list_profiles")
    stage.apply()

    status = await stage.take_turn()

    assert status.push.last_run is not None
    assert status.push.last_run.result is RunResult.FAILED
    assert "RuntimeError" in status.push.last_run.message
    assert "a defect of its own" in status.push.last_run.message


async def test_a_defect_in_a_turn_is_a_delay(stage: Stage) -> None:
    stage.services.before = raises(RuntimeError("a defect"), at="open")
    stage.apply()

    await stage.take_turn()

    assert stage.entry.due == NOON + MINUTE


async def test_a_store_that_is_away_fails_the_run_and_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(*_: object, **__: object) -> None:
        raise StoreUnavailable("The store cannot be read")

    stage.apply()
    await stage.take_turn()
    for method in ("positions", "count_people", "recall", "remember"):
        monkeypatch.setattr(SqlMemory, method, unavailable)

    status = await stage.take_due_turn()

    assert status.push.last_run is not None
    assert status.push.last_run.result is RunResult.FAILED
    assert shown(status.conditions)["PushSynced"] == "False StoreUnavailable"
    assert shown(status.conditions)["CredentialsValid"] == "True Verified"


async def test_dead_letters_are_counted_logged_and_as_old_as_they_are(stage: Stage) -> None:
    stage.services.unreadable_profiles = (UnreadableRecord(1, 1, "1001"),)
    stage.apply()
    with structlog.testing.capture_logs() as log:
        first = await stage.take_turn()
        second = await stage.take_due_turn()

    assert (first.people.dead_letters, second.people.dead_letters) == (1, 1)
    assert stage.entry.oldest_dead_letter == NOON
    assert [(line["count"], line["reasons"]) for line in log if line["event"] == "dead_letters.added"] == [
        (1, ["UnreadableRecord"])
    ]


async def test_a_new_process_knows_their_age_before_its_first_run(stage: Stage) -> None:
    stage.services.unreadable_profiles = (UnreadableRecord(1, 1, "1001"),)
    stage.apply()
    await stage.take_turn()
    stage.entry.oldest_dead_letter, stage.entry.is_counted = None, False
    stage.clock.move(seconds=1)

    status = await stage.take_turn()

    assert stage.entry.oldest_dead_letter == NOON
    assert status.push.last_run is not None
    assert status.push.last_run.start_time == NOON


async def test_an_inactive_integration_rests_and_is_observed(stage: Stage) -> None:
    stage.apply(active=False, generation=5)

    status = await stage.take_turn()

    assert shown(status.conditions) == {"Ready": "True NotActive", "Suspended": "True NotActive"}
    assert status.observed_generation == 5
    assert status.active_since_time is None
    assert stage.services.calls == 0
    assert stage.events.reasons == []


@pytest.mark.rule("W11")
async def test_a_deactivation_freezes_and_is_announced_once(stage: Stage) -> None:
    stage.apply()
    await stage.take_turn()
    stage.events.posted.clear()

    stage.apply(active=False, generation=2)
    status = await stage.take_turn()
    await stage.take_due_turn()

    assert status.push.next_run_time is None
    assert status.pull.next_run_time is None
    assert shown(status.conditions)["PushSynced"] == "True NothingToDo"
    assert stage.events.reasons == ["Deactivated"]


@pytest.mark.rule("W11")
async def test_a_new_activation_verifies_and_pushes_at_once_from_the_old_watermark(stage: Stage) -> None:
    stage.apply()
    before = await stage.take_turn()
    stage.apply(active=False, generation=2)
    await stage.take_turn()
    stage.clock.move(days=3)

    stage.apply(generation=3)
    status = await stage.take_turn()

    assert status.active_since_time == stage.clock.now()
    assert status.push.last_run is not None
    assert status.push.last_run.trigger is Trigger.ACTIVATION
    assert before.push.watermark is not None
    assert stage.services.operations["list_campaigns"] == 2
    assert "Suspended" not in shown(status.conditions)


async def test_requests_to_an_inactive_integration_are_answered_and_ignored(stage: Stage) -> None:
    stage.apply(
        active=False,
        annotations={
            "anmc.io/push-requested-at": "a",
            "anmc.io/pull-requested-at": "b",
            "anmc.io/full-pull-requested-at": "c",
        },
    )

    status = await stage.take_turn()
    await stage.take_due_turn()

    assert status.push.last_handled_request == "a"
    assert status.pull.last_handled_request == "b"
    assert status.pull.last_handled_full_request == "c"
    assert stage.events.reasons == ["RequestIgnored"] * 3
    assert all(event.type == "Warning" for event in stage.events.posted)
    assert stage.services.calls == 0


async def test_a_run_left_over_by_a_dead_process_is_closed_and_taken_up(stage: Stage) -> None:
    left_over = a_status(pull=PullStatus(current_run=a_current_run(NOON - MINUTE)))
    left_over = IntegrationStatus.from_dict(left_over.to_dict() | {"activeSinceTime": "2026-03-01T00:00:00Z"})
    stage.apply(status=left_over.to_dict())
    await stage.take_turn()

    status = await stage.take_turn()

    assert stage.entry.runs[Direction.PULL, RunResult.INTERRUPTED] == 1
    assert status.pull.current_run is None
    assert status.pull.last_run is not None
    assert status.pull.last_run.trigger is Trigger.RETRY
    assert status.pull.last_run.result is RunResult.SUCCEEDED


async def test_a_run_left_over_on_an_inactive_integration_is_closed(stage: Stage) -> None:
    left_over = a_status(push=DirectionStatus(current_run=a_current_run()))
    stage.apply(active=False, status=left_over.to_dict())

    status = await stage.take_turn()

    assert status.push.current_run is None
    assert status.push.last_run is not None
    assert status.push.last_run.result is RunResult.INTERRUPTED


async def test_an_object_deleted_in_mid_run_ends_the_run_and_is_not_written(stage: Stage) -> None:
    stage.services.people_pages = [[a_person_without_number(n)] for n in range(3)]
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()
    entry = stage.entry

    def delete(operation: str) -> None:
        if operation == "list_people" and stage.api.bodies:
            stage.api.bodies.clear()
            stage.scheduler.registry.observe(a_sighting(deleted=True))

    stage.services.before = delete
    await stage.runner.take_turn(entry)

    assert stage.services.operations["list_people"] == 1
    assert stage.api.bodies == {}
    assert stage.reports.created == []


async def test_an_object_made_anew_in_mid_run_inherits_nothing(stage: Stage) -> None:
    stage.services.people_pages = [[a_person_without_number(n)] for n in range(3)]
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()
    entry = stage.entry

    def make_anew(operation: str) -> None:
        if operation == "list_people" and "uid-2" not in stage.scheduler.registry.uids():
            stage.api.bodies.clear()
            stage.apply(uid="uid-2", active=False)

    stage.services.before = make_anew
    await stage.runner.take_turn(entry)

    assert stage.api.bodies["river-keepers"]["status"] == {}


async def test_a_change_between_plan_and_claim_is_looked_at_before_the_run(stage: Stage) -> None:
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()
    stage.api.bodies["river-keepers"]["metadata"] |= {"resourceVersion": "500", "generation": 2}

    await stage.take_turn()

    assert stage.services.operations["list_people"] == 0
    assert stage.entry.seen.generation == 2
    assert stage.entry.due <= stage.clock.now() + timedelta(seconds=1)


async def test_an_api_server_that_takes_no_claim_fails_the_run_as_what_it_is(stage: Stage) -> None:
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()

    def fail_claim(operation: str) -> None:
        if operation == "open":
            stage.api.failures = [ApiException(status=500)]

    stage.services.before = fail_claim
    status = await stage.take_due_turn()

    assert status.pull.last_run is not None
    assert status.pull.last_run.result is RunResult.FAILED
    assert shown(status.conditions)["PullSynced"] == "False ServiceUnavailable"
    assert stage.services.operations["list_people"] == 0


async def test_a_claim_conflict_during_an_outage_of_the_api_server_is_no_defect(stage: Stage) -> None:
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()

    def fail_claim(operation: str) -> None:
        if operation == "open":
            stage.api.failures = [ApiException(status=409), ApiException(status=503)]

    stage.services.before = fail_claim
    status = await stage.take_due_turn()

    assert status.pull.last_run is None
    assert stage.entry.due <= stage.clock.now() + timedelta(seconds=1)


@pytest.mark.rule("W1")
async def test_without_the_lease_no_call_is_made_and_nothing_is_written_of_the_run(stage: Stage) -> None:
    stage.apply()
    await stage.take_turn()
    before = stage.services.calls

    stage.is_leading = False
    status = await stage.take_due_turn()

    assert stage.services.calls == before
    assert status.push.last_run is not None
    assert status.push.last_run.result is RunResult.SUCCEEDED


async def test_a_drain_interrupts_a_pull_at_its_page_and_the_next_process_goes_on(stage: Stage) -> None:
    stage.services.people_pages = [[a_person_without_number(n)] for n in range(4)]
    stage.apply(annotations=PULL_NOW)
    await stage.take_turn()
    pages: list[str] = []

    def drain(operation: str) -> None:
        pages.append(operation)
        if pages.count("list_people") == 2:
            stage.is_leading = False

    stage.services.before = drain
    interrupted = await stage.take_due_turn()
    stage.services.before, stage.is_leading = pages.append, True
    resumed = await stage.take_turn()

    assert interrupted.pull.last_run is not None
    assert interrupted.pull.last_run.result is RunResult.INTERRUPTED
    assert interrupted.pull.last_handled_request == ""
    assert resumed.pull.last_run is not None
    assert resumed.pull.last_run.result is RunResult.SUCCEEDED
    assert resumed.pull.last_run.id == interrupted.pull.last_run.id
    assert resumed.pull.last_handled_request == "now"
    assert sum(stage.entry.records.values()) == 4
    assert len(stage.reports.created) == 1


async def test_a_run_waiting_for_its_place_does_not_start_once_the_spec_has_changed(stage: Stage) -> None:
    stage.apply()
    await stage.take_turn()

    def edit(operation: str) -> None:
        if operation == "open":
            stage.apply(generation=2)

    stage.services.before = edit
    before = stage.services.calls
    await stage.take_due_turn()

    assert stage.services.calls == before


@pytest.mark.rule("W17")
async def test_a_dry_run_is_made_once_for_each_change_of_the_spec(stage: Stage) -> None:
    stage.apply(push__mode="DryRun", pull__mode="DryRun")
    for _ in range(3):
        await stage.take_due_turn()
    status = await stage.take_due_turn()
    once = stage.services.operations["list_profiles"]
    stage.apply(push__mode="DryRun", pull__mode="DryRun", generation=2)
    for _ in range(4):
        await stage.take_due_turn()

    assert once == 1
    assert stage.services.operations["list_profiles"] == 2
    assert shown(status.conditions)["PushSynced"] == "True DryRun"
    assert status.push.next_run_time is None


async def test_a_status_that_the_schema_refuses_is_given_up_and_the_sync_goes_on(stage: Stage) -> None:
    stage.apply()
    await stage.take_turn()
    stage.services.before = lambda _: stage.api.failures.extend([ApiException(status=422)])

    await stage.take_due_turn()
    stage.api.failures.clear()
    stage.services.before = lambda _: None
    status = await stage.take_due_turn()

    assert stage.given_up == [422]
    assert status.push.last_run is not None
    assert status.push.last_run.result is RunResult.SUCCEEDED


async def test_an_integration_shows_the_pace_of_the_credentials_it_used_last(stage: Stage) -> None:
    stage.apply()
    stage.services.pace = Pace(requests_per_second=lambda: 3.9, concurrency=lambda: 8)

    await stage.take_turn()

    assert stage.entry.pace is stage.services.pace
