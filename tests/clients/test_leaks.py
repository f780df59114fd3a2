"""No error path shows a token, a number or a value of a record (operations.md 4, action-network-api.md 2.1)."""

import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from anmc.clients.action_network.client import ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsClient
from anmc.errors import AnmcError
from anmc.rules.decisions import NewPerson
from anmc.rules.records import PersonId, Phone

if TYPE_CHECKING:
    from clients.conftest import FakeMeter, Reply, Wire

PHONE = Phone("+12025550123")
ANA = PersonId("0b1e6c1e-0000-4000-8000-000000000001")
SINCE = datetime(2026, 2, 1, tzinfo=UTC)

CANARIES = (
    "canary",  # both tokens, the e-mail address, the values, the path
    "2025550123",
    ANA,
    "filter=",
    "phone_number=",
)
"""Texts that none of the outputs may show: secrets, people, queries."""

ECHO = f"API Key invalid or not present an-canary-key mc-canary-token canary@example.org {PHONE.e164} {ANA}"

EMAIL = "canary@example.org"
VALUES = {"custom_fields.note": "canary value"}
PROFILE_VALUES = {"first_name": "canary name"}
PATH = "canary path"
CAMPAIGN = "canary campaign"
NEW = NewPerson(digits=PHONE.digits, email=EMAIL, values={"given_name": "canary name"}, source_code="canary source")

ACTION_NETWORK_CALLS: dict[str, Callable[[ActionNetworkClient], Awaitable[object]]] = {
    "walk": lambda client: anext(client.iter_people(modified_after=SINCE)),
    "by-phone": lambda client: client.find_people_by_phone(PHONE),
    "by-email": lambda client: client.find_people_by_email(EMAIL),
    "get": lambda client: client.get_person(ANA),
    "update": lambda client: client.update_person(ANA, VALUES),
    "create": lambda client: client.create_person(NEW),
    "metadata": lambda client: client.list_custom_fields(),
}

MOBILE_COMMONS_CALLS: dict[str, Callable[[MobileCommonsClient], Awaitable[object]]] = {
    "walk": lambda client: anext(client.iter_profiles(updated_from=SINCE)),
    "subscribers": lambda client: anext(client.iter_subscribers("200001", changed_from=SINCE)),
    "find": lambda client: client.find_profiles([PHONE]),
    "get": lambda client: client.get_profile(PHONE),
    "update": lambda client: client.update_profile(PHONE, PROFILE_VALUES),
    "opt-in": lambda client: client.opt_in(PHONE, PATH),
    "opt-out": lambda client: client.opt_out(PHONE, campaign_id=CAMPAIGN),
    "campaigns": lambda client: client.list_campaigns(),
}

STATUSES = (302, 400, 401, 403, 404, 408, 422, 429, 500, 503)
BODIES: dict[str, bytes] = {
    "key-echo": f'{{"error":"{ECHO}"}}'.encode(),
    "unreadable-json": f'{{"_links": "{ECHO}'.encode(),
    "wrong-json": f'{{"_links": {{}}, "_embedded": "{ECHO}", "identifiers": "{ECHO}"}}'.encode(),
    "log-in-page": f"<!DOCTYPE html><html>{ECHO}</html>".encode(),
    "malformed-xml": f'<response success="true"><profile id="{ECHO}">'.encode(),
    "app-error": f'<response success="false"><error id="7" message="{ECHO}"/></response>'.encode(),
    "phone-error": f'<response success="false"><error id="x" message="{ECHO}"/></response>'.encode(),
    "doctype": f'<!DOCTYPE x [<!ENTITY e "{ECHO}">]><response success="true">&e;</response>'.encode(),
}
ERRORS: dict[str, Exception] = {
    "connect": httpx.ConnectError(ECHO),
    "timeout": httpx.ReadTimeout(ECHO),
    "illegal-header": httpx.LocalProtocolError(f"Illegal header value b'{ECHO}'"),
    "protocol": httpx.RemoteProtocolError(ECHO),
}
FAILURES = [
    *(pytest.param(("status", status), id=str(status)) for status in STATUSES),
    *(pytest.param(("body", name), id=name) for name in BODIES),
    *(pytest.param(("error", name), id=name) for name in ERRORS),
]

Failure = tuple[str, str | int]


@pytest.fixture(autouse=True)
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield


@pytest.fixture
def failing(wire: "Wire", reply: type["Reply"]) -> Callable[[Failure], None]:
    def fail(failure: Failure) -> None:
        match failure:
            case ("status", int(status)):
                location = {"Location": f"https://evil.example.org/?token={ECHO}"}
                wire.script(reply(status, BODIES["key-echo"], location))
            case ("body", str(name)):
                wire.script(reply(200, BODIES[name]))
            case ("error", str(name)):
                wire.script(ERRORS[name])

    return fail


def shown(error: BaseException | None) -> Iterator[str]:
    """Yield everything that an error and what is chained to it could print."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from traceback.format_exception(error)
        error = error.__cause__ or error.__context__


def assert_silent(error: AnmcError, caplog: pytest.LogCaptureFixture, meter: "FakeMeter") -> None:
    outputs = "\n".join([*shown(error), error.sentence, caplog.text, repr(vars(meter))])
    assert [canary for canary in CANARIES if canary in outputs] == []


@pytest.mark.parametrize("call", ACTION_NETWORK_CALLS.values(), ids=ACTION_NETWORK_CALLS.keys())
@pytest.mark.parametrize("failure", FAILURES)
async def test_action_network_errors_show_nothing(
    failure: Failure,
    call: Callable[[ActionNetworkClient], Awaitable[object]],
    action_network: ActionNetworkClient,
    failing: Callable[[Failure], None],
    caplog: pytest.LogCaptureFixture,
    meter: "FakeMeter",
) -> None:
    failing(failure)

    with pytest.raises(AnmcError) as caught:
        await call(action_network)

    assert_silent(caught.value, caplog, meter)


@pytest.mark.parametrize("call", MOBILE_COMMONS_CALLS.values(), ids=MOBILE_COMMONS_CALLS.keys())
@pytest.mark.parametrize("failure", FAILURES)
async def test_mobile_commons_errors_show_nothing(
    failure: Failure,
    call: Callable[[MobileCommonsClient], Awaitable[object]],
    mobile_commons: MobileCommonsClient,
    failing: Callable[[Failure], None],
    caplog: pytest.LogCaptureFixture,
    meter: "FakeMeter",
) -> None:
    failing(failure)

    with pytest.raises(AnmcError) as caught:
        await call(mobile_commons)

    assert_silent(caught.value, caplog, meter)


async def test_a_call_that_works_logs_nothing_about_anybody(
    action_network: ActionNetworkClient,
    mobile_commons: MobileCommonsClient,
    wire: "Wire",
    reply: type["Reply"],
    caplog: pytest.LogCaptureFixture,
) -> None:
    wire.script(
        reply(200, {"_links": {}}),
        reply(200, '<response success="true"><profiles num="0" page="1"/></response>'),
    )

    await action_network.find_people_by_phone(PHONE)
    await mobile_commons.find_profiles([PHONE])

    assert [canary for canary in CANARIES if canary in caplog.text] == []


def test_clients_show_no_secret(action_network: ActionNetworkClient, mobile_commons: MobileCommonsClient) -> None:
    outputs = repr([action_network, mobile_commons, vars(action_network), vars(mobile_commons)])

    assert "canary" not in outputs
