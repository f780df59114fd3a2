"""Opt-outs on their way to Action Network: everybody who holds the number gets a False (sync.md C9, C13, A1)."""

from dataclasses import dataclass, replace
from typing import Final

from anmc.api.names import Category, Reason
from anmc.errors import PersonGone
from anmc.rules.consent import WISH_TEXT, Wish
from anmc.rules.decisions import PushDecision, PushFacts
from anmc.rules.outcomes import Outcome
from anmc.rules.records import Person, PersonId, Phone, ProfileId
from anmc.rules.remembered import Link, ProfileSeen
from anmc.sync.book import RunBook
from anmc.sync.dead_letters import trace_of_profile
from anmc.sync.failures import RecordFailed, blaming
from anmc.sync.matching import find_holders
from anmc.sync.ports import Changes, Priority, Service
from anmc.sync.run import RunContext
from anmc.sync.tally import Detail

_NOBODY: Final = Outcome(Category.NO_EXPORT, Reason.OPT_OUT_WITHOUT_MATCH)


@dataclass(frozen=True, slots=True)
class _Staged:
    facts: PushFacts
    phone: Phone | None
    decision: PushDecision
    holders_known: frozenset[PersonId]


class OptOuts:
    """Opt-outs that wait for the end of the reads, the newest of each profile."""

    def __init__(self, context: RunContext, book: RunBook) -> None:
        self._context = context
        self._book = book
        self._staged: dict[ProfileId, _Staged] = {}

    def stage(
        self, facts: PushFacts, phone: Phone | None, decision: PushDecision, *, holders_known: frozenset[PersonId]
    ) -> None:
        """Keep an opt-out until `apply`; `holders_known` are the people last seen with its number, if it has one."""
        self._staged[facts.profile.id] = _Staged(facts, phone, decision, holders_known)

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
                people = await self._write_all(staged)
        except RecordFailed as failure:
            # The membership stays the one known before: an opt-out that was not carried must stay new (C10).
            entry = self._context.sightings.handled_profile(facts.profile, failure.outcome)
            kept = replace(entry, membership=facts.seen.membership) if facts.seen else entry
            self._conclude(facts, failure.outcome, kept)
            return
        outcome = staged.decision.outcome if people else _NOBODY
        link_to = staged.decision.link_to
        if facts.link is None and staged.phone is not None and link_to in people:
            link = Link(facts.profile.id, people[link_to].id, self._context.hasher.number(staged.phone))
            await self._context.remember(Changes(links=[link]))
        if facts.suppression is not None:
            self._book.handled(facts.suppression)
        self._conclude(facts, outcome, self._context.sightings.handled_profile(facts.profile, outcome), link_to=link_to)

    async def _write_all(self, staged: _Staged) -> dict[PersonId, Person]:
        """Write False to the people decided about, and to all holders where the number may have others."""
        written: dict[PersonId, Person] = {}
        has_others = bool(staged.holders_known.difference(staged.decision.opt_out))
        for person_id in staged.decision.opt_out:
            self._context.floor[Service.ACTION_NETWORK] += 1
            try:
                written[person_id] = await self._write_false(person_id, staged)
            except PersonGone:
                has_others = True
            else:
                number = self._context.sightings.phone(written[person_id].number)
                has_others = has_others or number != staged.phone
        if has_others and staged.phone is not None:
            for person in await find_holders(self._context, staged.phone, priority=Priority.OPT_OUT):
                if person.id not in written:
                    written[person.id] = await self._write_false(person.id, staged)
        return written

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
        person_id = facts.link.person_id if facts.link else link_to
        trace = trace_of_profile(facts, now=self._context.now())
        self._book.count(Detail(facts.profile.id, outcome, person_id, facts.profile.id), facts.seen, trace=trace)
        self._book.enter(profiles=[entry])
