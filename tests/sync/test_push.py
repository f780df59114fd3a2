"""Whole pushes between the simulated services."""

from anmc.api.names import Category, Mode, Reason, RunResult
from support.sync_stage import Stage

ADA = "12025550123"
BEN = "12025550124"


def outcomes(end: object) -> dict[tuple[Category, Reason], int]:
    return {key: count for key, count in end.tally.counts.items() if count}  # type: ignore[attr-defined]


async def test_an_opt_in_with_e_mail_becomes_a_person_who_says_true(stage: Stage) -> None:
    await stage.keyword(ADA, email="ada@example.org", first_name="Ada")

    end = await stage.push()

    assert outcomes(end) == {(Category.EXPORTED, Reason.APPLIED): 1}
    person = await stage.found(email="ada@example.org")
    assert person is not None
    assert person["custom_fields"]["sms_opt_in"] == "1"
    assert person["given_name"] == "Ada"
    assert person["email_addresses"][0]["status"] == "unsubscribed"
    identifier = person["identifiers"][0].removeprefix("action_network:")
    assert (await stage.profile(ADA))["columns"]["constituent_id"] == identifier
    assert stage.texts == []


async def test_an_opt_in_without_e_mail_and_match_stays_at_home(stage: Stage) -> None:
    await stage.keyword(ADA)

    end = await stage.push()

    assert outcomes(end) == {(Category.NO_EXPORT, Reason.EMAIL_MISSING): 1}
    assert stage.writes == []


async def test_an_opt_in_is_matched_by_number_and_joined(stage: Stage) -> None:
    identifier = await stage.person(phone=ADA, email="ada@example.org", given_name="Ada")
    await stage.keyword(ADA)

    end = await stage.push()

    assert outcomes(end) == {(Category.UPDATED_IN_ACTION_NETWORK, Reason.APPLIED): 1}
    profile = await stage.profile(ADA)
    assert profile["columns"]["constituent_id"] == identifier
    assert profile["fields"]["email"] == "ada@example.org"
    assert (await stage.read_person(identifier))["custom_fields"]["sms_opt_in"] == "1"


async def test_an_opt_out_reaches_the_person_with_the_number(stage: Stage) -> None:
    identifier = await stage.person(phone=ADA, email="ada@example.org", custom_fields={"sms_opt_in": "1"})
    await stage.keyword(ADA)
    await stage.push()
    stage.later(minutes=5)
    await stage.stop(ADA)

    end = await stage.push()

    assert outcomes(end) == {(Category.OPTED_OUT_IN_ACTION_NETWORK, Reason.APPLIED): 1}
    assert (await stage.read_person(identifier))["custom_fields"]["sms_opt_in"] == "0"


async def test_an_opt_out_of_a_stranger_is_remembered_and_creates_nobody(stage: Stage) -> None:
    await stage.keyword(ADA, email="ada@example.org")
    stage.later(seconds=5)
    await stage.stop(ADA)

    end = await stage.push()

    assert outcomes(end) == {(Category.NO_EXPORT, Reason.OPT_OUT_WITHOUT_MATCH): 1}
    assert await stage.found(phone=ADA) is None
    assert stage.writes == []


async def test_a_second_push_writes_nothing(stage: Stage) -> None:
    await stage.keyword(ADA, email="ada@example.org")
    await stage.person(phone=BEN)
    await stage.keyword(BEN)
    await stage.push()
    stage.simulation.journal.reset()
    stage.later(minutes=5)

    end = await stage.push()

    assert end.tally.records_read == 0
    assert stage.writes == []


async def test_two_profiles_with_one_e_mail_address_never_become_one_person(stage: Stage) -> None:
    await stage.keyword(ADA, email="shared@example.org")
    await stage.keyword(BEN, email="shared@example.org")

    end = await stage.push()

    assert outcomes(end) == {
        (Category.EXPORTED, Reason.APPLIED): 1,
        (Category.SKIPPED_MEMBERS, Reason.EMAIL_SHARED): 1,
    }


async def test_an_edit_in_action_network_survives_a_push_that_writes_to_the_same_person(stage: Stage) -> None:
    identifier = await stage.person(phone=ADA, given_name="Ada", custom_fields={"sms_opt_in": "1"})
    await stage.keyword(ADA, first_name="Ada")
    await stage.push()
    await stage.pull()
    stage.later(minutes=5)
    await stage.act(f"action-network/people/{identifier}", {"locality": "Springfield"})
    await stage.stop(ADA)
    await stage.push()
    stage.later(minutes=5)
    await stage.keyword(ADA)
    await stage.push()

    await stage.pull()

    assert (await stage.profile(ADA))["fields"]["city"] == "Springfield"


async def test_a_dry_run_says_what_it_would_do_and_does_nothing(stage: Stage) -> None:
    await stage.keyword(ADA, email="ada@example.org")

    end = await stage.push(mode=Mode.DRY_RUN)

    assert end.result is RunResult.DRY_RUN
    assert outcomes(end) == {(Category.EXPORTED, Reason.PLANNED): 1}
    assert stage.writes == []
    again = await stage.push()
    assert outcomes(again) == {(Category.EXPORTED, Reason.APPLIED): 1}


async def test_a_record_that_fails_holds_the_watermark_and_is_done_by_the_next_run(stage: Stage) -> None:
    identifier = await stage.person(phone=ADA, custom_fields={"sms_opt_in": "1"})
    await stage.keyword(ADA)
    await stage.push()
    stage.later(minutes=5)
    await stage.stop(ADA)
    await stage.act("faults", {"service": "action-network", "operation": "update_person", "status": 503})

    failed = await stage.push()
    await stage.act("faults", method="DELETE")
    mended = await stage.push()

    assert failed.result is RunResult.PARTIALLY_SUCCEEDED
    assert failed.tally.failures == 1
    assert mended.result is RunResult.SUCCEEDED
    assert (await stage.read_person(identifier))["custom_fields"]["sms_opt_in"] == "0"
