"""Finds the person of a profile: asks the store first, then Action Network (sync.md 2.2)."""

from anmc.api.names import Reason
from anmc.rules.decisions import Ambiguous, MatchedPerson, NoMatch, PersonMatch, PushFacts, PushNeed
from anmc.rules.match import column_person_id, match_email, match_holders
from anmc.rules.normalise import email_or_none
from anmc.rules.records import Person, PersonId, Phone
from anmc.sync.ports import ActionNetwork, Priority, Service
from anmc.sync.run import RunContext


class PersonMatcher:
    """Matches the profiles of one push; remembers which e-mail addresses it has used."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._emails: set[bytes] = set()

    @property
    def _people(self) -> ActionNetwork:
        return self._context.action_network

    async def match(self, facts: PushFacts, phone: Phone, need: PushNeed) -> PersonMatch:
        """Find who a profile is; calls are made only as far as the need goes.

        Raises:
            PersonGone: the person whom the link or the column names does not exist any more.
        """
        named = column_person_id(facts.profile, self._context.policy)
        if facts.link is not None:
            return await self._linked(facts.link.person_id, named, phone, need)
        by_number = await self._by_number(facts, phone, _priority(need))
        if not isinstance(by_number, NoMatch):
            return by_number
        if named is not None:
            return await self._by_id(named, need)
        if need is PushNeed.OPT_IN_MATCH and (email := email_or_none(facts.profile.values.get("email"))):
            return await self._by_email(email)
        return by_number

    async def _linked(self, linked: PersonId, named: PersonId | None, phone: Phone, need: PushNeed) -> PersonMatch:
        if named is not None and named != linked:
            holders = tuple(person.id for person in await find_holders(self._context, phone, priority=_priority(need)))
            return Ambiguous(Reason.ID_AND_PHONE_DISAGREE, holders)
        if need is PushNeed.OPT_OUT_MATCH:
            return MatchedPerson(linked, None)
        self._context.floor[Service.ACTION_NETWORK] += 1
        person = await self._people.get_person(linked)
        if self._context.sightings.phone(person.number) != phone:
            return Ambiguous(Reason.PHONE_CHANGED)
        return MatchedPerson(linked, person)

    async def _by_number(self, facts: PushFacts, phone: Phone, priority: Priority) -> PersonMatch:
        holders = await find_holders(self._context, phone, priority=priority)
        known = await self._context.memory.recall(people=[person.id for person in holders])
        return match_holders(
            holders,
            phone=phone,
            profile=facts.profile,
            policy=self._context.policy,
            linked_elsewhere=frozenset(known.link_of_person),
        )

    async def _by_id(self, named: PersonId, need: PushNeed) -> PersonMatch:
        """Nobody holds the number, and the column names somebody, who may be gone (sync.md M4, I8)."""
        if need is PushNeed.OPT_OUT_MATCH:
            return NoMatch()
        self._context.floor[Service.ACTION_NETWORK] += 1
        await self._people.get_person(named)
        known = await self._context.memory.recall(people=[named])
        return Ambiguous(Reason.ID_AND_PHONE_DISAGREE if named in known.link_of_person else Reason.PHONE_CHANGED)

    async def _by_email(self, email: str) -> PersonMatch:
        """An address serves one profile of a run only: two creations with it would merge (sync.md M5)."""
        claim = self._context.hasher.value("email", email.casefold())
        if claim in self._emails:
            return Ambiguous(Reason.EMAIL_SHARED)
        self._emails.add(claim)
        self._context.floor[Service.ACTION_NETWORK] += 1
        people = await self._people.find_people_by_email(email)
        known = await self._context.memory.recall(people=[person.id for person in people])
        return match_email(people, email=email, linked_elsewhere=frozenset(known.link_of_person))


async def find_holders(context: RunContext, phone: Phone, *, priority: Priority) -> list[Person]:
    """Return everybody who holds exactly this number, checked once more here (sync.md 2.2)."""
    context.floor[Service.ACTION_NETWORK] += 1
    people = await context.action_network.find_people_by_phone(phone, priority=priority)
    return [person for person in people if context.sightings.phone(person.number) == phone]


def _priority(need: PushNeed) -> Priority:
    return Priority.OPT_OUT if need is PushNeed.OPT_OUT_MATCH else Priority.DATA
