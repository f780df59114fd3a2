"""Which priority each call asks for its slot with (sync.md W7)."""

import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from anmc.clients.action_network.client import ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsClient
from anmc.clients.pacing.pacer import Lane, Slot
from anmc.errors import AnmcError
from anmc.rules.decisions import NewPerson
from anmc.rules.records import PersonId, Phone
from anmc.sync.ports import Priority

if TYPE_CHECKING:
    from clients.conftest import Reply, Wire

ADA = PersonId("0b1e6c1e-0000-4000-8000-000000000001")
PHONE = Phone("+12025550123")
SINCE = datetime(2026, 2, 1, tzinfo=UTC)
NEW = NewPerson(digits=PHONE.digits, email="ada@example.org", values={}, source_code="anmc")
ADDRESS = {"email_address": "ada@example.org"}

OPT_OUT, OPT_IN, DATA, FULL_READ = Priority


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Priority]:
    priorities: list[Priority] = []
    slot = Lane.slot

    def note(lane: Lane, priority: Priority, *, patience: float) -> AbstractAsyncContextManager[Slot]:
        priorities.append(priority)
        return slot(lane, priority, patience=patience)

    monkeypatch.setattr(Lane, "slot", note)
    return priorities


@pytest.mark.parametrize(
    ("call", "priority"),
    [
        pytest.param(lambda mc: mc.opt_out(PHONE, campaign_id=None), OPT_OUT, id="opt-out"),
        pytest.param(lambda mc: mc.opt_in(PHONE, "300001"), OPT_IN, id="opt-in"),
        pytest.param(lambda mc: mc.update_profile(PHONE, {"first_name": "Ada"}), DATA, id="update"),
        pytest.param(lambda mc: mc.get_profile(PHONE), DATA, id="get"),
        pytest.param(lambda mc: mc.get_profile(PHONE, priority=OPT_IN), OPT_IN, id="get-for-an-opt-in"),
        pytest.param(lambda mc: mc.find_profiles([PHONE], priority=OPT_IN), OPT_IN, id="find-for-opt-ins"),
        pytest.param(lambda mc: anext(mc.iter_profiles(updated_from=SINCE)), DATA, id="list"),
    ],
)
async def test_calls_of_mobile_commons(
    call: Callable[[MobileCommonsClient], Awaitable[object]],
    priority: Priority,
    mobile_commons: MobileCommonsClient,
    wire: "Wire",
    reply: type["Reply"],
    asked: list[Priority],
) -> None:
    wire.script(reply(404))

    with contextlib.suppress(AnmcError):
        await call(mobile_commons)

    assert asked == [priority]


@pytest.mark.parametrize(
    ("call", "priority"),
    [
        pytest.param(lambda an: an.update_person(ADA, ADDRESS, priority=OPT_OUT), OPT_OUT, id="update-for-an-opt-out"),
        pytest.param(lambda an: an.find_people_by_phone(PHONE, priority=OPT_OUT), OPT_OUT, id="find-for-an-opt-out"),
        pytest.param(lambda an: an.get_person(ADA, priority=OPT_IN), OPT_IN, id="get-for-an-opt-in"),
        pytest.param(lambda an: an.update_person(ADA, {"given_name": "Ada"}), DATA, id="update"),
        pytest.param(lambda an: an.create_person(NEW), DATA, id="create"),
        pytest.param(lambda an: an.find_people_by_email("ada@example.org"), DATA, id="find-by-email"),
        pytest.param(lambda an: anext(an.iter_people(modified_after=SINCE)), DATA, id="list"),
        pytest.param(
            lambda an: anext(an.iter_people(modified_after=SINCE, priority=FULL_READ)), FULL_READ, id="full-read"
        ),
    ],
)
async def test_calls_of_action_network(
    call: Callable[[ActionNetworkClient], Awaitable[object]],
    priority: Priority,
    action_network: ActionNetworkClient,
    wire: "Wire",
    reply: type["Reply"],
    asked: list[Priority],
) -> None:
    wire.script(reply(404))

    with contextlib.suppress(AnmcError):
        await call(action_network)

    assert asked == [priority]


async def test_what_settles_an_unconfirmed_opt_out_is_as_urgent_as_the_opt_out(
    action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"], asked: list[Priority]
) -> None:
    person: dict[str, object] = {"identifiers": [f"action_network:{ADA}"], "custom_fields": {"sms_opt_in": "1"}}
    wire.script(httpx.ReadTimeout("x"), reply(200, person))

    await action_network.update_person(ADA, {"custom_fields.sms_opt_in": "0"}, priority=OPT_OUT)

    assert [request.method for request in wire.requests] == ["PUT", "GET", "PUT"]
    assert asked == [OPT_OUT] * 3
