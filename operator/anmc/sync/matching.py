"""Finds the person of a profile: asks the store first, then Action Network (sync.md 2.2)."""

from collections.abc import Collection
from dataclasses import replace

from anmc.api.names import Reason
from anmc.errors import PersonGone
from anmc.rules.decisions import Ambiguous, MatchedPerson, NoMatch, PersonMatch, PushFacts, PushNeed
from anmc.rules.match import Holding, column_person_id, match_email, match_holders, settle_disagreement
from anmc.rules.normalise import email_or_none
from anmc.rules.records import Person, PersonId, Phone, Profile
from anmc.rules.remembered import Link, LinkState
from anmc.sync.disagreements import look_at
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

        A link or a column that names somebody who is gone leads to who took the place (sync.md M8, M10).
        """
        named = facts.alias_of or column_person_id(facts.profile, self._context.policy)
        if facts.link is not None:
            return await self._linked(facts, facts.link, named, phone, need)
        by_number = await self._by_number(facts, named, phone, need)
        if not isinstance(by_number, NoMatch):
            return by_number
        if named is not None:
            return await self._by_id(facts, named, phone, need)
        if need is PushNeed.OPT_IN_MATCH:
            return await self._by_email(facts.profile)
        return by_number

    async def _linked(  # noqa: PLR0911 - one return per rule
        self, facts: PushFacts, link: Link, named: PersonId | None, phone: Phone, need: PushNeed
    ) -> PersonMatch:
        linked = link.person_id
        if named is not None and named != linked:
            holders = tuple(person.id for person in await find_holders(self._context, phone, priority=_priority(need)))
            return Ambiguous(Reason.ID_AND_PHONE_DISAGREE, holders)
        if link.state is LinkState.BROKEN:
            return await self._successor(facts.profile, linked, phone, need)
        if need is PushNeed.OPT_OUT_MATCH:
            return MatchedPerson(linked, None)
        self._context.floor[Service.ACTION_NETWORK] += 1
        try:
            person = await self._people.get_person(linked)
        except PersonGone:
            return await self._successor(facts.profile, linked, phone, need)
        if self._context.sightings.phone(person.number) != phone:
            return await self._moved(linked, phone)
        if rivals := await self._still_holding(facts.holders - {linked}, phone, need):
            return Ambiguous(Reason.SEVERAL_MATCHES, (linked, *rivals))
        return MatchedPerson(linked, person)

    async def _moved(self, linked: PersonId, phone: Phone) -> PersonMatch:
        """The linked person has another number by now: has somebody else this one? (sync.md M11, M12)."""
        holders = [person.id for person in await find_holders(self._context, phone, priority=Priority.DATA)]
        if len(holders) > 1:
            return Ambiguous(Reason.SEVERAL_MATCHES, tuple(holders))
        if holders and linked not in holders:
            return Ambiguous(Reason.PHONE_MOVED, tuple(holders))
        return Ambiguous(Reason.PHONE_CHANGED)

    async def _successor(self, profile: Profile, gone: PersonId, phone: Phone, need: PushNeed) -> PersonMatch:
        """Find who took the place of the linked person: by number, then by e-mail (sync.md M10)."""
        match = await find_successor(self._context, phone, gone, priority=_priority(need))
        if isinstance(match, NoMatch):
            match = merged(await self._by_email(profile), gone)
        return match

    async def _by_number(self, facts: PushFacts, named: PersonId | None, phone: Phone, need: PushNeed) -> PersonMatch:
        holders = await find_holders(self._context, phone, priority=_priority(need))
        elsewhere = await linked_elsewhere(self._context, holders, phone)
        policy = self._context.policy
        match = match_holders(holders, phone=phone, named=named, policy=policy, linked_elsewhere=elsewhere)
        if need is PushNeed.OPT_OUT_MATCH or not holders:
            return match  # an opt-out goes to every holder, whoever is named
        if isinstance(match, Ambiguous) and (match.reason is Reason.SEVERAL_MATCHES or elsewhere):
            return match
        return await self._by_disagreement(facts, holders[0], named, phone)

    async def _by_disagreement(
        self, facts: PushFacts, holder: Person, named: PersonId | None, phone: Phone
    ) -> PersonMatch:
        """One person holds the number: what of the others whom the column names, or the store knows? (sync.md M8)."""
        rivals = (facts.holders | ({named} if named is not None else set())) - {holder.id}
        holdings = await look_at(self._context, rivals, self._context.hasher.number(phone))
        if reason := settle_disagreement(holdings, named=named, linked=None):
            return Ambiguous(reason, (holder.id,))
        gone = frozenset(each for each, holding in holdings.items() if holding is Holding.GONE)
        return MatchedPerson(holder.id, holder, merged=gone)

    async def _still_holding(self, people: Collection[PersonId], phone: Phone, need: PushNeed) -> tuple[PersonId, ...]:
        number = self._context.hasher.number(phone)
        holdings = await look_at(self._context, people, number, priority=_priority(need))
        return tuple(each for each, holding in holdings.items() if holding is Holding.SAME_NUMBER)

    async def _by_id(self, facts: PushFacts, named: PersonId, phone: Phone, need: PushNeed) -> PersonMatch:
        """Nobody was found with the number, and the column names somebody (sync.md M4, I8)."""
        if need is PushNeed.OPT_OUT_MATCH:
            return NoMatch()
        self._context.floor[Service.ACTION_NETWORK] += 1
        try:
            person = await self._people.get_person(named)
        except PersonGone:
            return merged(await self._by_email(facts.profile), named)
        known = await self._context.memory.recall(people=[named])
        link = known.link_of_person.get(named)
        if link is not None and link.number_hash != self._context.hasher.number(phone):
            return Ambiguous(Reason.ID_AND_PHONE_DISAGREE)
        if self._context.sightings.phone(person.number) != phone:
            return Ambiguous(Reason.PHONE_CHANGED)
        return MatchedPerson(named, person)

    async def _by_email(self, profile: Profile) -> PersonMatch:
        """An address serves one link, and one profile of a run: two creations with it would merge (sync.md M5)."""
        email, claim = email_or_none(profile.values.get("email")), self._context.sightings.email_hash(profile)
        if email is None or claim is None:
            return NoMatch()
        if claim in self._emails:
            return Ambiguous(Reason.EMAIL_SHARED)
        self._emails.add(claim)
        known = await self._context.memory.recall(emails=[claim])
        if known.linked_emails.get(claim, frozenset()) - {profile.id}:
            return Ambiguous(Reason.EMAIL_SHARED)
        return await find_by_email(self._context, email)


async def find_holders(context: RunContext, phone: Phone, *, priority: Priority) -> list[Person]:
    """Return everybody who holds exactly this number, checked once more here (sync.md 2.2)."""
    context.floor[Service.ACTION_NETWORK] += 1
    people = await context.action_network.find_people_by_phone(phone, priority=priority)
    return [person for person in people if context.sightings.phone(person.number) == phone]


async def find_by_email(context: RunContext, email: str) -> PersonMatch:
    """Find the one person with this address who has neither a number nor a link (sync.md M5)."""
    context.floor[Service.ACTION_NETWORK] += 1
    people = await context.action_network.find_people_by_email(email)
    known = await context.memory.recall(people=[person.id for person in people])
    return match_email(people, email=email, linked_elsewhere=frozenset(known.link_of_person))


async def find_successor(context: RunContext, phone: Phone, gone: PersonId, *, priority: Priority) -> PersonMatch:
    """Find who holds the number of a person who is gone (sync.md M10)."""
    return await choose_successor(context, await find_holders(context, phone, priority=priority), phone, gone)


async def choose_successor(
    context: RunContext, holders: Collection[Person], phone: Phone, gone: PersonId
) -> PersonMatch:
    """Choose among people who hold, or held, the number of a person who is gone (sync.md M10)."""
    elsewhere = await linked_elsewhere(context, holders, phone)
    match = match_holders(list(holders), phone=phone, named=None, policy=context.policy, linked_elsewhere=elsewhere)
    return merged(match, gone)


async def linked_elsewhere(context: RunContext, people: Collection[Person], phone: Phone) -> frozenset[PersonId]:
    """Return who of these is linked to the profile of another number.

    A number has one profile: a link with this number leads to the profile, or to one that is no more (sync.md M13).
    """
    links = (await context.memory.recall(people=[person.id for person in people])).link_of_person
    number = context.hasher.number(phone)
    return frozenset(person_id for person_id, link in links.items() if link.number_hash != number)


def merged(match: PersonMatch, gone: PersonId) -> PersonMatch:
    """Note whose place a person has taken; who is back under the same id has taken nobody's."""
    if isinstance(match, MatchedPerson) and match.person_id != gone:
        return replace(match, merged=frozenset({gone}))
    return match


def _priority(need: PushNeed) -> Priority:
    return Priority.OPT_OUT if need is PushNeed.OPT_OUT_MATCH else Priority.DATA
