"""Reading the page of a single record, which may still say whose it is when it cannot be parsed."""

from collections.abc import Callable
from typing import TypeVar

from anmc.clients.calls import Answer, Call
from anmc.clients.failures import Unreadable, Unserved
from anmc.clients.served import Served
from anmc.clients.transport import Transport

R = TypeVar("R")


async def send_for_one(
    transport: Transport,
    call: Call,
    read: Callable[[Answer], Served[R]],
    find_id: Callable[[bytes], str | None],
) -> Served[R]:
    """Make a call for a page of one; `find_id` looks for an id in an answer that cannot be parsed.

    A record that stays unreadable and shows its id is served as such; without an id the call has failed.

    Raises:
        AnmcError: as `Transport.send`.
    """
    shown: list[Served[R]] = []

    def read_or_find(answer: Answer) -> Served[R]:
        try:
            return read(answer)
        except Unreadable:
            if (name := find_id(answer.body)) is not None:
                shown.append(Served((), answer.read_at, is_end=False, unreadable={0: name}))
            raise

    try:
        return await transport.send(call, read_or_find)
    except Unserved as failure:
        if shown and failure.may_be_poison:
            return shown[-1]
        raise
