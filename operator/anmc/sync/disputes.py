"""People whose number or profile was somebody else's when their page was read (sync.md M7, M8, M12, M15)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from anmc.api.names import Category, Reason
from anmc.rules.decisions import Ambiguous, NoMatch, PullFacts
from anmc.rules.match import Claims, Holding, settle_disagreement
from anmc.rules.outcomes import Outcome
from anmc.rules.records import NumberHash, Person, PersonId
from anmc.rules.remembered import LinkState, PersonSeen
from anmc.sync.book import RunBook
from anmc.sync.disagreements import look_at
from anmc.sync.run import RunContext
from anmc.sync.staging import OptIns
from anmc.sync.tally import Detail

_SHARED: Final = Outcome(Category.SKIPPED_MEMBERS, Reason.SEVERAL_MATCHES)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A person who was passed over until all is read.

    `eligible` is Q0 as it was on the page, `entry` what the page made of the person, `mates` are others of the page
    with the same number.
    """

    person: Person
    eligible: bool
    entry: PersonSeen
    mates: frozenset[PersonId]


class Disputes:
    """The disputes of one pull, the newest of each person. One that is interrupted leaves them to the next pull."""

    def __init__(self, context: RunContext, book: RunBook, opt_ins: OptIns) -> None:
        self._context = context
        self._book = book
        self._opt_ins = opt_ins
        self._open: dict[PersonId, Dispute] = {}
        self._passed_over: set[PersonId] = set()

    def add(self, dispute: Dispute) -> None:
        """Keep a dispute until the end of the reads."""
        self._open[dispute.person.id] = dispute
        self._passed_over.add(dispute.person.id)

    def take(self, size: int) -> list[Dispute]:
        """Take so many of those that are open."""
        taken = list(self._open.values())[:size]
        for dispute in taken:
            del self._open[dispute.person.id]
        return taken

    async def judge(
        self,
        dispute: Dispute,
        facts: PullFacts,
        number: NumberHash,
        holders: Collection[PersonId],
        claims: Claims | None,
    ) -> PullFacts:
        """Return the facts with what became of the others who held the number or have its profile.

        `holders` are people last seen with the number, `claims` those on its profile, None if it has none.
        """
        claimants = frozenset[PersonId]() if claims is None else claims.people
        rivals = frozenset((*holders, *claimants)) - dispute.mates - {dispute.person.id}
        holdings = {
            **await look_at(self._context, rivals, number),
            **dict.fromkeys(dispute.mates, Holding.SAME_NUMBER),
        }
        named, linked = (claims.named, claims.linked) if claims is not None else (None, None)
        reason = settle_disagreement(holdings, named=named, linked=linked)
        if reason is Reason.SEVERAL_MATCHES:
            await self._pass_over(each for each, holding in holdings.items() if holding is Holding.SAME_NUMBER)
        if reason is not None:
            return replace(facts, match=Ambiguous(reason))
        merged = frozenset(each for each, holding in holdings.items() if holding is Holding.GONE)
        inherited = facts.link
        if inherited is None and claims is not None and claims.link is not None and claims.linked in merged:
            inherited = replace(claims.link, person_id=dispute.person.id, state=LinkState.LIVE)
        match = NoMatch() if claims is None else claims.profile
        return replace(facts, match=match, merged=merged, link=inherited)

    async def _pass_over(self, people: Iterable[PersonId]) -> None:
        """Skip whom this run decided about before it met another holder: what was written stays (M15)."""
        others = [each for each in people if each not in self._passed_over]
        self._passed_over.update(others)
        known = await self._context.memory.recall(people=others)
        for person_id in others:
            self._opt_ins.people.pop(person_id, None)
            seen, link = known.people.get(person_id), known.link_of_person.get(person_id)
            if seen is None or seen.run_id != self._context.order.id:
                continue
            self._book.count(Detail(person_id, _SHARED, person_id, link.profile_id if link else None), seen)
            self._book.enter(people=[replace(seen, outcome=_SHARED, is_settled=False)], dequeued=[person_id])
