"""A large answer is parsed beside the event loop, which has other things to do."""

import threading
from typing import TYPE_CHECKING

import pytest

from anmc.clients.action_network.client import ActionNetworkClient
from anmc.clients.calls import Answer, Call
from anmc.clients.failures import Unreadable
from anmc.clients.transport import QUICKLY_READ
from anmc.errors import ServiceUnavailable

if TYPE_CHECKING:
    from clients.conftest import Reply, Wire

CALL = Call("list_people", "GET", "/api/v2/people")


@pytest.mark.parametrize(("size", "is_beside"), [(QUICKLY_READ, False), (QUICKLY_READ + 1, True)])
async def test_the_size_of_an_answer_decides_where_it_is_parsed(
    size: int, *, is_beside: bool, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
) -> None:
    wire.script(reply(200, b"x" * size))

    def thread(_answer: Answer) -> int:
        return threading.get_ident()

    parsed_in = await action_network._transport.send(CALL, thread)

    assert (parsed_in != threading.get_ident()) is is_beside


async def test_a_large_answer_that_cannot_be_parsed_fails_like_a_small_one(
    action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
) -> None:
    wire.script(reply(200, b"x" * (QUICKLY_READ + 1)))

    def read(_answer: Answer) -> None:
        raise Unreadable

    with pytest.raises(ServiceUnavailable):
        await action_network._transport.send(CALL, read)
