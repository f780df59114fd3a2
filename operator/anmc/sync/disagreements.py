"""Looks at people whom ids and numbers do not agree about: does each still hold the number? (sync.md M3, M8)."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from anmc.errors import PersonGone
from anmc.rules.match import Holding
from anmc.rules.records import NumberHash, PersonId
from anmc.rules.remembered import PersonSeen
from anmc.sync.ports import Changes, Known, Priority, Service
from anmc.sync.run import RunContext


async def look_at(
    context: RunContext,
    people: Collection[PersonId],
    number: NumberHash,
    *,
    priority: Priority = Priority.DATA,
) -> Mapping[PersonId, Holding]:
    """Say of each person whether they hold a number: from what this run read of them, else by reading them.

    What a reading shows of a number is remembered, so that the store does not take somebody for a holder who is none.
    """
    if not people:
        return {}
    known = await context.memory.recall(people=people)
    return {each: await _look_at(context, each, number, known, priority) for each in people}


async def _look_at(
    context: RunContext, person_id: PersonId, number: NumberHash, known: Known, priority: Priority
) -> Holding:
    seen = known.people.get(person_id)
    if person_id in known.aliases:
        return Holding.GONE
    if seen is not None and seen.run_id == context.order.id:
        return _holding(seen.number_hash, number)
    context.floor[Service.ACTION_NETWORK] += 1
    try:
        person = await context.action_network.get_person(person_id, priority=priority)
    except PersonGone:
        await _correct(context, seen, None)
        return Holding.GONE
    held = context.sightings.number_hash(person.number)
    await _correct(context, seen, held)
    return _holding(held, number)


async def _correct(context: RunContext, seen: PersonSeen | None, held: NumberHash | None) -> None:
    """Remember whose number a person holds by now; all else about them is left to the run that reads them."""
    if seen is not None and seen.number_hash != held:
        await context.remember(Changes(people=[replace(seen, number_hash=held)]))


def _holding(held: NumberHash | None, number: NumberHash) -> Holding:
    return Holding.SAME_NUMBER if held == number else Holding.OTHER_NUMBER
