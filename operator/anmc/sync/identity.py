"""Remembers who is who by now: links with their former ids, people of whom nothing is left (sync.md M8, M10)."""

from collections.abc import Collection
from dataclasses import replace

from anmc.rules.records import PersonId
from anmc.rules.remembered import Link, LinkState
from anmc.sync.ports import Changes
from anmc.sync.run import RunContext


async def remember_link(context: RunContext, link: Link, merged: Collection[PersonId] = ()) -> None:
    """Store a link; `merged` are former ids of its person, whom a look-up did not find any more."""
    aliases = dict.fromkeys(merged, link.person_id)
    await context.remember(Changes(links=[link], aliases=aliases))


async def bury(context: RunContext, link: Link | None, gone: PersonId | None) -> None:
    """Store that of a person nothing is left, neither by id nor by number nor by e-mail; the link breaks."""
    if gone is not None:
        broken = [replace(link, state=LinkState.BROKEN)] if link is not None else []
        await context.remember(Changes(links=broken, tombstones={gone: context.now()}))


async def break_link(context: RunContext, link: Link | None) -> None:
    """Store that the person of a link is gone; who took the place is looked for with the profile at hand."""
    if link is not None and link.state is LinkState.LIVE:
        await context.remember(Changes(links=[replace(link, state=LinkState.BROKEN)]))


async def retire_link(context: RunContext, link: Link) -> None:
    """Store that the profile of a link was deleted for good (sync.md M13)."""
    retired = replace(link, state=LinkState.RETIRED)
    await context.remember(Changes(links=[retired], tombstones={link.profile_id: context.now()}))
