"""Opt-outs on their way to Action Network: everybody who holds the number gets a False (sync.md C9, C13, A1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from anmc.api.names import Category, Reason
from anmc.errors import PersonGone
from anmc.rules.consent import WISH_TEXT, Wish
from anmc.rules.decisions import MatchedPerson, NoMatch, PersonMatch, PushDecision, PushFacts
from anmc.rules.normalise import email_or_none
from anmc.rules.outcomes import Outcome
from anmc.rules.push import decide_opt_out
from anmc.rules.records import Person, PersonId, Phone, ProfileId
from anmc.rules.remembered import Link, LinkState, ProfileSeen
from anmc.sync.book import RunBook
from anmc.sync.dead_letters import trace_of_profile
from anmc.sync.failures import RecordFailed, blaming
from anmc.sync.identity import bury, remember_link
from anmc.sync.matching import choose_successor, find_by_email, find_holders, merged
from anmc.sync.ports import Changes, Priority, Service
from anmc.sync.run import RunContext
from anmc.sync.tally import Detail

_LIMIT_REACHED: Final = Outcome(Category.HELD, Reason.OPT_OUT_LIMIT_REACHED)
_NOBODY: Final = Outcome(Category.NO_EXPORT, Reason.OPT_OUT_WITHOUT_MATCH)


@dataclass(frozen=True, slots=True)
class _Staged:
    facts: PushFacts
    phone: Phone | None
    decision: PushDecision


@dataclass(slots=True)
class _Told:
    """Who was told of an opt-out; `gone` is the linked person if there is no such person any more."""

    people: dict[PersonId, Person] = field(default_factory=dict)
    gone: PersonId | None = None
    successor: PersonMatch = field(default_factory=NoMatch)


class OptOuts:
    """Opt-outs that wait for the end of the reads, the newest of each profile (sync.md A6)."""

    def __init__(self, context: RunContext, book: RunBook) -> None:
        self._context = context
        self._book = book
        self._staged: dict[ProfileId, _Staged] = {}

    def stage(self, facts: PushFacts, phone: Phone | None, decision: PushDecision) -> None:
        """Keep an opt-out until `apply`; `phone` is None where the number cannot be used."""
        self._staged[facts.profile.id] = _Staged(facts, phone, decision)

    @property
    def linked(self) -> int:
        """How many of them concern linked people, which the safety limit counts (S1)."""
        return sum(staged.facts.link is not None for staged in self._staged.values())

    async def hold(self) -> None:
        """Say of each that the safety limit keeps it; the next run reads them again (S1)."""
        held, self._staged = self._staged, {}
        for staged in held.values():
            self._leave(staged.facts, _LIMIT_REACHED)
        await self._book.commit()

    def plan(self) -> None:
        """Count what a dry run would do."""
        planned, self._staged = self._staged, {}
        for staged in planned.values():
            facts, outcome = staged.facts, staged.decision.outcome
            self._conclude(facts, outcome, self._context.sightings.handled_profile(facts.profile, outcome))

    async def apply(self) -> None:
        """Tell Action Network of each; one that fails is an outcome, and the others go on."""
        due, self._staged = self._staged, {}
        for staged in due.values():
            await self._apply(staged)
            await self._book.commit()

    async def _apply(self, staged: _Staged) -> None:
        facts = staged.facts
        try:
            with blaming(Service.ACTION_NETWORK):
                told = await self._write_all(staged)
        except RecordFailed as failure:
            self._leave(facts, failure.outcome)
            return
        decision = staged.decision if told.gone is None else decide_opt_out(_broken(facts), told.successor)
        outcome = decision.outcome if told.people else _NOBODY
        link_to = decision.link_to
        if staged.phone is not None and link_to in told.people:
            settled = {} if facts.link is None else facts.link.settled
            link = Link(facts.profile.id, link_to, self._context.hasher.number(staged.phone), settled)
            await remember_link(self._context, link, decision.merged)
        elif isinstance(told.successor, NoMatch):
            await bury(self._context, facts.link, told.gone)
        if facts.suppression is not None:
            self._book.handled(facts.suppression)
        self._conclude(facts, outcome, self._context.sightings.handled_profile(facts.profile, outcome), link_to=link_to)

    def _leave(self, facts: PushFacts, outcome: Outcome) -> None:
        """Conclude an opt-out that was not carried: the membership stays the one before, so that it stays new (C10)."""
        entry = self._context.sightings.handled_profile(facts.profile, outcome)
        kept = replace(entry, membership=facts.seen.membership) if facts.seen else entry
        self._conclude(facts, outcome, kept)

    async def _write_all(self, staged: _Staged) -> _Told:
        """Write False to the people decided about, and to all holders where the number may have others."""
        told, linked = _Told(), staged.facts.link.person_id if staged.facts.link else None
        has_others = bool(staged.facts.holders.difference(staged.decision.opt_out))
        for person_id in staged.decision.opt_out:
            self._context.floor[Service.ACTION_NETWORK] += 1
            try:
                told.people[person_id] = await self._write_false(person_id, staged)
            except PersonGone:
                has_others = True
                told.gone = person_id if person_id == linked else told.gone
            else:
                number = self._context.sightings.phone(told.people[person_id].number)
                has_others = has_others or number != staged.phone
        if has_others and staged.phone is not None:
            for person in await find_holders(self._context, staged.phone, priority=Priority.OPT_OUT):
                if person.id not in told.people:
                    told.people[person.id] = await self._write_false(person.id, staged)
        if told.gone is not None:
            told.successor = await self._find_successor(staged, told.gone, list(told.people.values()))
            if isinstance(told.successor, MatchedPerson) and told.successor.person_id not in told.people:
                person_id = told.successor.person_id
                told.people[person_id] = await self._write_false(person_id, staged)
        return told

    async def _find_successor(self, staged: _Staged, gone: PersonId, holders: Sequence[Person]) -> PersonMatch:
        """Find who took the place of the linked person: who holds the number, else who has the address (M10)."""
        match: PersonMatch = NoMatch()
        if staged.phone is not None:
            match = await choose_successor(self._context, holders, staged.phone, gone)
        email = email_or_none(staged.facts.profile.values.get("email"))
        if isinstance(match, NoMatch) and email is not None:
            match = merged(await find_by_email(self._context, email), gone)
        return match

    async def _write_false(self, person_id: PersonId, staged: _Staged) -> Person:
        """Write the field alone, and remember at once that the False is ours."""
        context, values = self._context, {self._context.policy.opt_in_field: WISH_TEXT[Wish.FALSE]}
        person = await context.action_network.update_person(person_id, values, priority=Priority.OPT_OUT)
        before = (await context.memory.recall(people=[person_id])).people.get(person_id)
        entry = context.sightings.written_person(
            person, staged.decision.outcome, read=None, written=values, before=before
        )
        await context.remember(Changes(people=[entry]))
        return person

    def _conclude(
        self, facts: PushFacts, outcome: Outcome, entry: ProfileSeen, *, link_to: PersonId | None = None
    ) -> None:
        person_id = link_to or (facts.link.person_id if facts.link else None)
        trace = trace_of_profile(facts, now=self._context.now())
        self._book.count(Detail(facts.profile.id, outcome, person_id, facts.profile.id), facts.seen, trace=trace)
        self._book.enter(profiles=[entry])


def _broken(facts: PushFacts) -> PushFacts:
    """Return the facts as they are when the linked person is gone."""
    return facts if facts.link is None else replace(facts, link=replace(facts.link, state=LinkState.BROKEN))
