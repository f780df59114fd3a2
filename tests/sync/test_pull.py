"""Whole pulls between the simulated services."""

import pytest

from anmc.api.names import Category, InitialSync, Mode, Reason, RunResult
from anmc.sync.run import RunEnd
from support.sync_stage import ALWAYS, CAMPAIGN, Stage

ADA = "12025550123"
BEN = "12025550124"
TICKED = {"sms_opt_in": "1"}


def outcomes(end: RunEnd) -> dict[tuple[Category, Reason], int]:
    return {key: count for key, count in end.tally.counts.items() if count}


async def test_a_ticked_box_makes_a_profile_with_its_id_and_one_welcome_text(stage: Stage) -> None:
    identifier = await stage.person(phone=ADA, email="ada@example.org", given_name="Ada", custom_fields=TICKED)

    end = await stage.pull()

    assert outcomes(end) == {(Category.SUBSCRIBED, Reason.APPLIED): 1}
    profile = await stage.profile(ADA)
    assert profile["columns"]["constituent_id"] == identifier
    assert profile["fields"]["first_name"] == "Ada"
    assert profile["subscriptions"][0]["status"] == "Active"
    assert stage.texts == [ADA]


async def test_a_former_member_stays_out_and_is_not_even_asked_for(stage: Stage) -> None:
    await stage.keyword(ADA)
    stage.later(seconds=5)
    await stage.stop(ADA)
    stage.later(minutes=1)
    await stage.person(phone=ADA, custom_fields=TICKED)

    end = await stage.pull()

    # The country, which Action Network makes up for everybody, is filled in; the reason hides no problem.
    assert outcomes(end) == {(Category.UPDATED_IN_MOBILE_COMMONS, Reason.PREVIOUSLY_OPTED_OUT): 1}
    assert "opt_in" not in stage.writes
    assert stage.texts == []


async def test_an_opt_out_is_remembered_when_the_profile_is_deleted(stage: Stage) -> None:
    await stage.keyword(ADA)
    stage.later(seconds=5)
    await stage.stop(ADA)
    await stage.push()
    company = next(iter(stage.simulation.mobile_commons.companies.values()))
    del company.profiles[ADA]
    await stage.person(phone=ADA, custom_fields=TICKED)

    end = await stage.pull()

    assert outcomes(end) == {(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT): 1}
    assert stage.texts == []


async def test_an_opt_out_that_a_pull_saw_first_is_still_pushed(stage: Stage) -> None:
    identifier = await stage.person(phone=ADA, custom_fields=TICKED)
    await stage.pull()
    await stage.push()
    stage.later(hours=1)
    await stage.stop(ADA)
    await stage.act(f"action-network/people/{identifier}", {"given_name": "Ada"})
    await stage.pull()

    await stage.push()

    assert (await stage.read_person(identifier))["custom_fields"]["sms_opt_in"] == "0"


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        pytest.param({"email": "ada@example.org", "custom_fields": TICKED}, Reason.PHONE_MISSING, id="Q11-no-number"),
        pytest.param({"phone": ADA}, Reason.NOT_OPTED_IN, id="Q10-box-never-set"),
        pytest.param({"phone": ADA, "custom_fields": {"sms_opt_in": "0"}}, Reason.NOT_OPTED_IN, id="Q8-box-not-ticked"),
        pytest.param(
            {"phone": ADA, "custom_fields": {"sms_opt_in": "maybe"}},
            Reason.OPT_IN_FIELD_UNREADABLE,
            id="C1-neither-yes-nor-no",
        ),
    ],
)
async def test_nobody_is_imported_without_a_number_and_a_yes(
    stage: Stage, person: dict[str, object], expected: Reason
) -> None:
    await stage.person(**person)

    end = await stage.pull()

    assert outcomes(end) == {(Category.NO_IMPORT, expected): 1}
    assert stage.writes == []


async def test_a_member_gets_no_second_welcome(stage: Stage) -> None:
    await stage.keyword(ADA)
    identifier = await stage.person(phone=ADA, custom_fields=TICKED)

    end = await stage.pull()

    assert outcomes(end) == {(Category.UPDATED_IN_MOBILE_COMMONS, Reason.ALREADY_SUBSCRIBED): 1}
    assert (await stage.profile(ADA))["columns"]["constituent_id"] == identifier
    assert stage.texts == []


async def test_a_second_pull_writes_nothing(stage: Stage) -> None:
    await stage.person(phone=ADA, given_name="Ada", custom_fields=TICKED)
    await stage.person(phone=BEN)
    await stage.pull()
    stage.simulation.journal.reset()
    stage.later(hours=24)

    end = await stage.pull()

    assert outcomes(end) == {(Category.NO_NEW_CHANGES, Reason.UNCHANGED): 2}
    assert stage.writes == []


async def test_what_a_pull_wrote_is_not_pushed_back(stage: Stage) -> None:
    await stage.person(phone=ADA, given_name="Ada", custom_fields=TICKED)
    await stage.pull()
    stage.simulation.journal.reset()

    end = await stage.push()

    assert end.tally.changed == 0
    assert stage.writes == []


async def test_outside_the_send_window_the_opt_in_waits_for_a_push_inside_it(stage: Stage) -> None:
    stage = stage.with_spec(consent={"sendWindow": {"start": "13:00", "end": "14:00"}})
    await stage.person(phone=ADA, custom_fields=TICKED)

    night = await stage.pull()
    early = await stage.push()
    stage.later(minutes=70)
    inside = await stage.push()

    assert outcomes(night) == {(Category.IMPORTED, Reason.OUTSIDE_SEND_WINDOW): 1}
    assert early.tally.by_category.get(Category.SUBSCRIBED) is None
    assert inside.tally.by_category[Category.SUBSCRIBED] == 1
    assert stage.texts == [ADA]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param("untick", Reason.NO_LONGER_REQUESTED, id="C15-box-unticked"),
        pytest.param("renumber", Reason.PHONE_CHANGED, id="C15-number-changed"),
        pytest.param("stop", Reason.NO_LONGER_REQUESTED, id="C15-opted-out-and-so-unticked-by-the-same-push"),
        pytest.param("delete", Reason.PERSON_GONE, id="M10-person-deleted"),
    ],
)
async def test_a_waiting_opt_in_is_dropped_when_its_reason_is_gone(stage: Stage, change: str, reason: Reason) -> None:
    stage = stage.with_spec(consent={"sendWindow": {"start": "13:00", "end": "14:00"}})
    identifier = await stage.person(phone=ADA, custom_fields=TICKED)
    await stage.pull()
    stage.later(minutes=5)
    match change:
        case "untick":
            await stage.act("action-network/tick", {"id": identifier, "field": "sms_opt_in", "value": False})
        case "renumber":
            await stage.act(f"action-network/people/{identifier}", {"phone": BEN})
        case "stop":
            await stage.keyword(ADA)
            stage.later(seconds=5)
            await stage.stop(ADA)
        case _:
            await stage.act(f"action-network/people/{identifier}", method="DELETE")
    stage.later(minutes=65)

    end = await stage.push()
    stage.later(minutes=5)
    await stage.push()

    assert any(found is reason for _, found in outcomes(end))
    assert stage.texts == []


async def test_the_daily_cap_holds_the_rest_back_for_the_next_day(stage: Stage) -> None:
    stage = stage.with_spec(consent={"sendWindow": ALWAYS, "maxOptInsPerDay": 1})
    await stage.person(phone=ADA, custom_fields=TICKED)
    await stage.person(phone=BEN, custom_fields=TICKED)

    first = await stage.pull()
    same_day = await stage.push()
    stage.later(hours=24)
    next_day = await stage.push()

    assert outcomes(first) == {
        (Category.SUBSCRIBED, Reason.APPLIED): 1,
        (Category.IMPORTED, Reason.DAILY_CAP_REACHED): 1,
    }
    assert same_day.tally.by_category.get(Category.SUBSCRIBED) is None
    assert next_day.tally.by_category[Category.SUBSCRIBED] == 1
    assert sorted(stage.texts) == [ADA, BEN]


async def test_a_dry_run_texts_nobody_and_leaves_no_trace(stage: Stage) -> None:
    await stage.person(phone=ADA, custom_fields=TICKED)

    dry = await stage.pull(mode=Mode.DRY_RUN)
    applied = await stage.pull()

    assert dry.result is RunResult.DRY_RUN
    assert outcomes(dry) == {(Category.SUBSCRIBED, Reason.PLANNED): 1}
    assert outcomes(applied) == {(Category.SUBSCRIBED, Reason.APPLIED): 1}


async def test_the_first_pull_of_a_link_only_integration_subscribes_nobody(stage: Stage) -> None:
    await stage.person(phone=ADA, custom_fields=TICKED)
    await stage.keyword(BEN)
    await stage.person(phone=BEN, custom_fields=TICKED)
    stage.later(minutes=1)

    end = await stage.pull(initial_sync=InitialSync.LINK_ONLY)

    assert (Category.HELD, Reason.LINK_ONLY) in outcomes(end)
    assert stage.texts == []
    assert (await stage.profile(BEN))["columns"]["constituent_id"]


async def test_an_opt_in_without_an_answer_is_read_before_it_is_repeated(stage: Stage) -> None:
    await stage.person(phone=ADA, custom_fields=TICKED)
    await stage.act("faults", {"service": "mobile-commons", "operation": "opt_in", "status": 504, "times": 1})

    unknown = await stage.pull()
    stage.later(minutes=5)
    await stage.push()

    assert outcomes(unknown) == {(Category.IMPORTED, Reason.OUTCOME_UNKNOWN): 1}
    calls = [request.operation for request in stage.simulation.journal.requests]
    first, second = [place for place, operation in enumerate(calls) if operation == "opt_in"]
    assert "find_profiles" in calls[first:second]
    assert stage.texts == [ADA]


async def test_an_opt_in_that_was_applied_without_an_answer_is_never_repeated(stage: Stage) -> None:
    await stage.person(phone=ADA, custom_fields=TICKED)
    await stage.act("faults", {"service": "mobile-commons", "operation": "opt_in", "status": 504, "times": 1})
    await stage.pull()
    company = next(iter(stage.simulation.mobile_commons.companies.values()))
    user = next(iter(stage.simulation.mobile_commons.users.values()))
    path = company.paths["300001"]
    company.use_path(company.profiles[ADA], path, user=user)
    stage.later(minutes=5)

    end = await stage.push()

    assert end.tally.by_category[Category.SUBSCRIBED] == 1
    assert stage.texts == [ADA]
    assert company.profiles[ADA].subscriptions[CAMPAIGN].activated_at is not None
