"""Calls of Mobile Commons over a scripted wire: what a server cannot be made to do."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx
import pytest

from anmc.api.credentials import BasicLogin
from anmc.api.origins import Origin
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.mobile_commons.service import Operation
from anmc.clients.pacing.pacers import Pacers
from anmc.errors import (
    AuthenticationFailed,
    FieldMappingInvalid,
    OutcomeUnknown,
    PhoneRejected,
    ServiceRefused,
    ServiceUnavailable,
)
from anmc.rules.records import Phone
from anmc.sync.ports import LookUp, MobileCommons

if TYPE_CHECKING:
    from clients.conftest import FakeClock, FakeMeter, Gatekeeper, Reply, Wire

PHONE = Phone("+12025550123")
SINCE = datetime(2026, 2, 1, 10, 0, 0, 700, tzinfo=UTC)
INVALID_PHONE = '<response success="false"><error id="5" message="Invalid phone number 12025550123"/></response>'
OTHER_ERROR = '<response success="false"><error id="77" message="No"/></response>'


def ok(payload: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<response success="true">{payload}</response>'


def profile(number: str = PHONE.digits, *, profile_id: str = "1", updated_at: str = "2026-02-02 00:00:00 UTC") -> str:
    texts = f"<phone_number>{number}</phone_number><updated_at>{updated_at}</updated_at>"
    return f'<profile id="{profile_id}">{texts}</profile>'


def profiles(*items: str) -> str:
    return ok(f'<profiles num="{len(items)}" page="1">{"".join(items)}</profiles>')


def subscribers(*numbers: str) -> str:
    rows = "".join(f"<sub><profile_id>9{n}</profile_id><phone_number>{n}</phone_number></sub>" for n in numbers)
    return ok(f'<subscriptions num="{len(numbers)}" page="1">{rows}</subscriptions>')


def sent_form(request: httpx.Request) -> dict[str, list[str]]:
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return parse_qs(request.content.decode(), strict_parsing=True, keep_blank_values=True)


def test_the_client_is_the_port(mobile_commons: MobileCommonsClient) -> None:
    port: MobileCommons = mobile_commons

    assert port.calls == 0


def test_no_call_sends_a_message_of_its_own() -> None:
    assert {str(operation) for operation in Operation} == {
        "list_profiles",
        "find_profiles",
        "get_profile",
        "update_profile",
        "opt_in",
        "opt_out",
        "list_campaigns",
        "list_subscribers",
    }


class TestWalks:
    async def test_profiles_are_read_until_an_empty_page(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        second = profile("12025550124", profile_id="2")
        pages = [profiles(profile()), profiles(profile(), second), profiles()]
        wire.script(*(reply(200, page) for page in pages))

        walked = [page async for page in mobile_commons.iter_profiles(updated_from=SINCE)]

        assert [(page.number, [p.id for p in page.records]) for page in walked] == [(1, ["1"]), (2, ["2"]), (3, [])]
        assert [dict(request.url.params) for request in wire.requests] == [
            {
                "from": "2026-02-01T10:00:00Z",
                "include_clicks": "false",
                "limit": "1000",
                "page": str(number),
                "company": "CO0123",
            }
            for number in (1, 2, 3)
        ]

    async def test_a_stretch_of_time_has_an_end(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, profiles()))

        until = SINCE + timedelta(hours=1)
        _ = [page async for page in mobile_commons.iter_profiles(updated_from=SINCE, updated_until=until)]

        [request] = wire.requests
        assert request.url.params["from"] == "2026-02-01T10:00:00Z"
        assert request.url.params["to"] == "2026-02-01T11:00:00Z"

    async def test_a_profile_that_moved_during_the_walk_comes_again(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        newer = profile(updated_at="2026-02-02 00:00:09 UTC")
        wire.script(*(reply(200, page) for page in (profiles(profile()), profiles(newer), profiles())))

        walked = [page async for page in mobile_commons.iter_profiles(updated_from=SINCE)]

        assert [len(page.records) for page in walked] == [1, 1, 0]

    async def test_subscribers_are_read_until_an_empty_page(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, subscribers("12025550123", "12025550124")), reply(200, subscribers()))

        walked = [page async for page in mobile_commons.iter_subscribers("200001", changed_from=SINCE)]

        assert [len(page.records) for page in walked] == [2, 0]
        assert wire.requests[0].url.path == "/api/campaign_subscribers"
        assert wire.requests[0].url.params["campaign_id"] == "200001"

    async def test_a_page_that_does_not_add_up_is_read_again(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        short = profiles(profile()).replace('num="1"', 'num="2"')
        wire.script(reply(200, short), reply(200, profiles()))

        assert [page.number async for page in mobile_commons.iter_profiles(updated_from=SINCE)] == [1]
        assert meter.codes == ["invalid", "200"]

    async def test_a_page_that_repeats_for_ever_ends_the_walk(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, profiles(profile())))

        with pytest.raises(ServiceUnavailable, match="does not come to an end"):
            _ = [page async for page in mobile_commons.iter_profiles(updated_from=SINCE)]

        assert len(wire.requests) < 10


class TestReads:
    async def test_numbers_are_looked_up_fifty_at_a_time(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        phones = [Phone(f"+1202555{number:04}") for number in range(120)]

        def everybody(request: httpx.Request) -> "Reply":
            numbers = request.url.params["phone_number"].split(",")
            return reply(200, profiles(*(profile(number, profile_id=number) for number in numbers)))

        wire.script(everybody)

        found = await mobile_commons.find_profiles([*phones, phones[0]])

        assert [p.number for p in found.profiles] == [phone.digits for phone in phones]
        assert [len(request.url.params["phone_number"].split(",")) for request in wire.requests] == [50, 50, 20]
        assert max(len(str(request.url)) for request in wire.requests) < 4096

    async def test_a_profile_that_was_not_asked_for_is_no_match(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, profiles(profile("12025550199"), profile())))

        assert [p.number for p in (await mobile_commons.find_profiles([PHONE])).profiles] == [PHONE.digits]

    async def test_nobody_is_looked_up_without_a_call(self, mobile_commons: MobileCommonsClient, wire: "Wire") -> None:
        assert await mobile_commons.find_profiles([]) == LookUp()
        assert wire.requests == []

    async def test_an_unknown_number_has_no_profile(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, INVALID_PHONE))

        assert await mobile_commons.get_profile(PHONE) is None
        assert meter.codes == ["app_error"]

    async def test_another_error_of_a_read_is_a_refusal(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, OTHER_ERROR))

        with pytest.raises(ServiceRefused, match=r"refused get_profile \(error 77\)"):
            await mobile_commons.get_profile(PHONE)

    async def test_a_sample_is_one_small_call(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, profiles(profile())), reply(200, profiles()))

        samples = [await mobile_commons.sample_profile(), await mobile_commons.sample_profile()]

        assert [sample and sample.id for sample in samples] == ["1", None]
        assert wire.requests[0].url.params["limit"] == "1"

    async def test_campaigns_come_with_their_paths(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, ok('<campaigns><campaign id="2" active="true"/></campaigns>')))

        assert [campaign.id for campaign in await mobile_commons.list_campaigns()] == ["2"]
        assert wire.requests[0].url.params["include_opt_in_paths"] == "1"


class TestWrites:
    async def test_an_update_carries_columns_by_their_own_names_and_never_a_path(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, ok(profile())))

        await mobile_commons.update_profile(PHONE, {"first_name": "Zoë & Co", "custom.Date of Birth": "1990-01-01"})

        (request,) = wire.requests
        assert (request.method, request.url.path, dict(request.url.params)) == (
            "POST",
            "/api/profile_update",
            {"company": "CO0123"},
        )
        assert sent_form(request) == {
            "phone_number": ["12025550123"],
            "first_name": ["Zoë & Co"],
            "Date of Birth": ["1990-01-01"],
        }

    @pytest.mark.parametrize(
        "column",
        ["opt_in_path_id", "opt_in_path_id[]", " Opt_In_Path_Id[0]", "phone_number", "company", "email", "_method", ""],
    )
    async def test_a_column_with_a_meaning_of_its_own_is_never_sent(
        self, column: str, mobile_commons: MobileCommonsClient, wire: "Wire"
    ) -> None:
        with pytest.raises(FieldMappingInvalid):
            await mobile_commons.update_profile(PHONE, {f"custom.{column}": "300001"})

        assert wire.requests == []

    @pytest.mark.parametrize("name", ["opt_in_path_id", "phone_number", "opt_in_status", "constituent_id"])
    async def test_a_name_that_cannot_be_written_is_a_defect_of_the_caller(
        self, name: str, mobile_commons: MobileCommonsClient, wire: "Wire"
    ) -> None:
        with pytest.raises(ValueError, match="cannot be written"):
            await mobile_commons.update_profile(PHONE, {name: "300001"})

        assert wire.requests == []

    async def test_an_update_is_repeated_freely(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(httpx.ReadTimeout("x"), reply(500), reply(200, ok(profile())))

        assert (await mobile_commons.update_profile(PHONE, {"first_name": "Ada"})).id == "1"

    async def test_an_opt_in_carries_the_path_alone(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, ok(profile())))

        await mobile_commons.opt_in(PHONE, "300001")

        assert sent_form(wire.requests[0]) == {"phone_number": ["12025550123"], "opt_in_path_id": ["300001"]}
        assert meter.sent_operations == [Operation.OPT_IN]

    @pytest.mark.parametrize("failure", ["timeout", "reset", "500", "503", "empty", "truncated", "another number"])
    async def test_an_opt_in_that_may_have_sent_a_text_is_never_repeated(
        self, failure: str, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        failures: dict[str, Reply | Exception] = {
            "timeout": httpx.ReadTimeout("x"),
            "reset": httpx.ReadError("x"),
            "500": reply(500),
            "503": reply(503, headers={"Retry-After": "1"}),
            "empty": reply(200),
            "truncated": reply(200, ok(profile())[:-30]),
            "another number": reply(200, ok(profile("12025550199"))),
        }
        wire.script(failures[failure], reply(200, ok(profile())))

        with pytest.raises(OutcomeUnknown):
            await mobile_commons.opt_in(PHONE, "300001")

        assert len(wire.requests) == 1

    async def test_an_opt_in_that_never_left_is_sent_again(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(httpx.ConnectError("x"), reply(429), reply(200, ok(profile())))

        assert (await mobile_commons.opt_in(PHONE, "300001")).id == "1"

    @pytest.mark.parametrize(
        ("campaign_id", "fields"),
        [
            pytest.param(None, {"phone_number": ["12025550123"]}, id="everywhere"),
            pytest.param("2", {"phone_number": ["12025550123"], "campaign_id": ["2"]}, id="one-campaign"),
        ],
    )
    async def test_an_opt_out_is_repeated_freely(
        self,
        campaign_id: str | None,
        fields: dict[str, list[str]],
        mobile_commons: MobileCommonsClient,
        wire: "Wire",
        reply: type["Reply"],
    ) -> None:
        wire.script(httpx.ReadTimeout("x"), reply(200, ok(profile())))

        await mobile_commons.opt_out(PHONE, campaign_id=campaign_id)

        assert [sent_form(request) for request in wire.requests] == [fields, fields]
        assert {request.url.path for request in wire.requests} == {"/api/profile_opt_out"}

    async def test_opting_out_a_number_without_a_profile_is_done(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, INVALID_PHONE))

        assert await mobile_commons.opt_out(PHONE, campaign_id=None) is None

    async def test_a_number_that_is_not_taken_is_the_records_own_failure(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, INVALID_PHONE))

        with pytest.raises(PhoneRejected):
            await mobile_commons.update_profile(PHONE, {"first_name": "Ada"})
        with pytest.raises(PhoneRejected):
            await mobile_commons.opt_in(PHONE, "300001")

    async def test_another_error_of_a_write_is_a_refusal(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, OTHER_ERROR))

        with pytest.raises(ServiceRefused, match=r"refused opt_in \(error 77\)"):
            await mobile_commons.opt_in(PHONE, "300001")


class TestCredentials:
    @pytest.mark.rule("W15")
    async def test_a_log_in_page_is_a_refusal_of_the_token(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, "<!DOCTYPE html><html><form action='/login'></form></html>"))

        with pytest.raises(AuthenticationFailed) as caught:
            await mobile_commons.list_campaigns()

        assert caught.value.sentence == (
            'Mobile Commons refused the token in Secret "mobile-commons" (log-in page). Put a valid token under '
            '"token"; the operator checks again when the Secret changes, and every 15 minutes.'
        )
        assert len(wire.requests) == 1

    async def test_a_bearer_token_travels_in_its_header(
        self, mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, profiles()))

        await mobile_commons.sample_profile()

        assert wire.requests[0].headers["Authorization"] == "Bearer mc-canary-token"

    async def test_a_login_travels_in_its_header_and_is_named_when_refused(
        self, clock: "FakeClock", meter: "FakeMeter", gate: "Gatekeeper", wire: "Wire", reply: type["Reply"]
    ) -> None:
        account = MobileCommonsAccount(
            origin=Origin("http", "127.0.0.1", 8081),
            credentials=BasicLogin("api@example.org", "pässword"),
            secret_name="mc",
        )
        wire.script(reply(200, profiles()), reply(401, "<h4>Unauthorized</h4>"))
        client = MobileCommonsClient(account, pacers=Pacers(clock), gate=gate, meter=meter, clock=clock, http=wire)

        async with client:
            await client.sample_profile()
            with pytest.raises(AuthenticationFailed, match='the login in Secret "mc" \\(401\\)') as caught:
                await client.sample_profile()

        assert wire.requests[0].headers["Authorization"] == "Basic YXBpQGV4YW1wbGUub3JnOnDDpHNzd29yZA=="
        assert "company" not in wire.requests[0].url.params
        assert '"username" and "password"' in caught.value.remedy
