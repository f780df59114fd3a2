"""How long a request may take to connect, and to bring the next bytes (operations.md 13)."""

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from anmc.clients.action_network.client import ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsClient
from anmc.errors import AnmcError

if TYPE_CHECKING:
    from clients.conftest import Reply, Wire

SINCE = datetime(2026, 2, 1, tzinfo=UTC)


def connect_and_read(wire: "Wire") -> tuple[float, float]:
    timeout = wire.requests[-1].extensions["timeout"]
    return timeout["connect"], timeout["read"]


@pytest.mark.parametrize(("page", "read"), [pytest.param(200, 30, id="usual"), pytest.param(201, 60, id="deep")])
async def test_action_network_takes_longer_for_deep_pages(
    page: int, read: float, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
) -> None:
    wire.script(reply(404))

    with contextlib.suppress(AnmcError):
        await anext(action_network.iter_people(modified_after=SINCE, first_page=page))

    assert connect_and_read(wire) == (5, read)


async def test_mobile_commons_can_be_very_slow(
    mobile_commons: MobileCommonsClient, wire: "Wire", reply: type["Reply"]
) -> None:
    wire.script(reply(404))

    with contextlib.suppress(AnmcError):
        await mobile_commons.list_campaigns()

    assert connect_and_read(wire) == (10, 120)
