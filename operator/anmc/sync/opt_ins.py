"""One opt-in call: checked once more, recorded, made, judged by its answer (sync.md C12, C15, C18)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from anmc.api.names import Category, Direction, Reason
from anmc.errors import OutcomeUnknown, PhoneRejected, ServiceRefused
from anmc.rules.consent import NEVER, MembershipReading, judge_opt_in, may_opt_in, read_membership, read_wish
from anmc.rules.dead_letters import Trace, is_failure
from anmc.rules.decisions import Ambiguous
from anmc.rules.fields import required_fields_empty
from anmc.rules.match import match_profile
from anmc.rules.outcomes import Outcome, strongest
from anmc.rules.records import Person, PersonId, Phone, Profile
from anmc.rules.remembered import Attempt, AttemptResult, PersonSeen, QueuedOptIn
from anmc.rules.states import Membership
from anmc.sync.book import RunBook
from anmc.sync.failures import RECORD_ERRORS, failed
from anmc.sync.ports import Changes, Known, Priority, Service
from anmc.sync.run import RunContext
from anmc.sync.staging import deferred, without_wait
from anmc.sync.tally import Detail

_DROPPED: Final[Mapping[Reason, Outcome]] = {
    Reason.NOT_OPTED_IN: Outcome(Category.HELD, Reason.NO_LONGER_REQUESTED),
    Reason.OPT_IN_FIELD_UNREADABLE: Outcome(Category.HELD, Reason.OPT_IN_FIELD_UNREADABLE),
    Reason.PREVIOUSLY_OPTED_OUT: Outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT),
    Reason.ALREADY_SUBSCRIBED: Outcome(Category.NO_DIFFERENCE, Reason.ALREADY_SUBSCRIBED),
    Reason.AWAITING_CONFIRMATION: Outcome(Category.DEFERRED_SUBSCRIPTION, Reason.AWAITING_CONFIRMATION),
    Reason.UNDELIVERABLE: Outcome(Category.HELD, Reason.UNDELIVERABLE),
    Reason.MEMBERSHIP_UNCLEAR: Outcome(Category.HELD, Reason.MEMBERSHIP_UNCLEAR),
    Reason.NO_OPT_IN_PATH: Outcome(Category.HELD, Reason.NO_OPT_IN_PATH),
    Reason.REFUSED_BY_VENDOR: Outcome(Category.HELD, Reason.REFUSED_BY_VENDOR),
    Reason.SERVICE_REFUSED: Outcome(Category.UNABLE_TO_UPDATE, Reason.SERVICE_REFUSED),
}
"""What a queued opt-in becomes when the last check refuses it (sync.md C15); it leaves the queue."""

_PROFILE_DELETED: Final = Outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED)
_REFUSED: Final = Outcome(Category.HELD, Reason.REFUSED_BY_VENDOR)
_UNKNOWN: Final = Outcome(Category.UNABLE_TO_UPDATE, Reason.OUTCOME_UNKNOWN)

_OPEN_ATTEMPT: Final = frozenset({AttemptResult.INTENDED, AttemptResult.UNKNOWN})
"""Calls whose answer nobody has seen: what Mobile Commons shows now is their answer (sync.md C18)."""

MAX_CALLS: Final = 2
"""Opt-in calls for one number and campaign: one, and one more if its outcome stayed unknown (sync.md C18)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A queued opt-in with the person as this run read it, and what the store knows of it."""

    entry: QueuedOptIn
    person: Person
    phone: Phone
    known: Known

    @property
    def seen(self) -> PersonSeen | None:
        """The person as the store knows it."""
        return self.known.people.get(self.entry.person_id)


class OptInCaller:
    """Examines candidates one by one and says what became of each.

    `calls` counts the intents, `kept` are those who stay in the queue although they were examined.
    """

    def __init__(self, context: RunContext, book: RunBook) -> None:
        self._context = context
        self._book = book
        self._sightings = context.sightings
        self.calls = 0
        self.kept: set[PersonId] = set()

    async def check_and_call(self, candidate: Candidate, profile: Profile | None, linked: Known) -> None:
        """Ask for everything once more with what was read just now, and only then call."""
        if profile is None:
            self.drop(candidate.entry, candidate.seen, _PROFILE_DELETED)
            return
        number, policy = candidate.entry.number_hash, self._context.policy
        attempt = self._book.attempt(number, candidate.known)
        reading = read_membership(profile, policy.scope)
        if attempt is not None and self._is_answered(attempt, reading):
            await self._judge(candidate, attempt, profile)
        elif (refusal := self._refusal(candidate, profile, reading, linked)) is not None:
            self.drop(candidate.entry, candidate.seen, refusal, refused=candidate.person)
        elif policy.opt_in_path is None or policy.target is None:
            self.drop(candidate.entry, candidate.seen, _DROPPED[Reason.NO_OPT_IN_PATH])
        elif attempt is not None and attempt.calls >= MAX_CALLS:
            self.drop(candidate.entry, candidate.seen, _REFUSED)
        elif not self._context.send_window.is_open(candidate.phone, self._context.now()):
            self._wait(candidate)
        else:
            calls = attempt.calls if attempt else 0
            intent = Attempt(number, policy.target, intended_at=self._context.now(), calls=calls + 1)
            await self._call(candidate, profile, intent, policy.opt_in_path)

    def drop(
        self, entry: QueuedOptIn, seen: PersonSeen | None, outcome: Outcome, *, refused: Person | None = None
    ) -> None:
        """Conclude an opt-in and take it out of the queue; `refused` is the person to whom it may not be given."""
        if is_failure(outcome):  # what the queue keeps no more, the dead letters do, to be decided anew (C18)
            trace = Trace(Direction.PULL, is_eligible=True)
            self._book.letters.note(entry.person_id, outcome, trace, now=self._context.now())
            seen = None if seen is None else replace(seen, is_settled=False)
        self._conclude(entry.person_id, seen, outcome, refused=refused)
        self._book.enter(dequeued=[entry.person_id])

    def keep(self, entry: QueuedOptIn, seen: PersonSeen | None, outcome: Outcome) -> None:
        """Conclude an opt-in for this run and leave it in the queue."""
        self._conclude(entry.person_id, seen, outcome)
        self.kept.add(entry.person_id)

    def leave(self, person_id: PersonId, seen: PersonSeen | None, reason: Reason) -> None:
        """Say of a person whose opt-in was not examined what keeps it waiting."""
        self._conclude(person_id, seen, self._waiting(seen, reason))

    def _is_answered(self, attempt: Attempt, reading: MembershipReading) -> bool:
        """Whether Mobile Commons shows the answer to a call that nobody has judged, or not in this run."""
        is_open = attempt.result in _OPEN_ATTEMPT or attempt.intended_at >= self._context.order.started_at
        return is_open and reading.membership is not Membership.NEVER

    def _refusal(
        self, candidate: Candidate, profile: Profile, reading: MembershipReading, linked: Known
    ) -> Outcome | None:
        """Return why this number may not be opted in after all; rules C12 and C15."""
        policy, person, number = self._context.policy, candidate.person, candidate.entry.number_hash
        if number in candidate.known.staged:
            return _DROPPED[Reason.PREVIOUSLY_OPTED_OUT]  # C13
        if candidate.known.holders.get(number, frozenset()) - {person.id}:
            return Outcome(Category.SKIPPED_MEMBERS, Reason.SEVERAL_MATCHES)  # M15
        link = linked.link_of_profile.get(profile.id)
        match = match_profile(profile, person=person, link=link, policy=policy, aliases=linked.aliases)
        if isinstance(match, Ambiguous):
            return Outcome(Category.SKIPPED_MEMBERS, match.reason)
        if empty := required_fields_empty(policy.mappings, person.values, Direction.PULL):
            return Outcome(Category.NO_IMPORT, Reason.REQUIRED_FIELD_EMPTY, empty)
        reason = may_opt_in(
            wish=read_wish(person.values.get(policy.opt_in_field)),
            eligible=True,  # it was when the opt-in was decided
            sms_status=person.sms_status,
            membership=reading,
            suppression=self._book.observe(reading, number, candidate.known),
            attempt=self._book.attempt(number, candidate.known),
            opt_in_path=policy.opt_in_path,
        )
        return None if reason is None else _DROPPED[reason]

    def _wait(self, candidate: Candidate) -> None:
        """Leave an opt-in to the next opening of its send window."""
        window, seen = self._context.send_window, candidate.seen
        not_before = window.next_open(candidate.phone, self._context.now())
        self._book.enter(queued=[replace(candidate.entry, not_before=not_before)])
        self.keep(candidate.entry, seen, self._waiting(seen, Reason.OUTSIDE_SEND_WINDOW))

    async def _call(self, candidate: Candidate, read: Profile, intent: Attempt, path: str) -> None:
        """Use the path; the intent is stored before the call, what came of it at once after it (sync.md I3)."""
        context, mobile_commons = self._context, self._context.mobile_commons
        self.calls += 1
        await context.remember(Changes(attempts=[intent]))
        context.floor[Service.MOBILE_COMMONS] += 1
        try:
            answer = await mobile_commons.opt_in(candidate.phone, path)
        except (PhoneRejected, ServiceRefused) as error:
            await context.remember(Changes(attempts=[replace(intent, result=AttemptResult.FAILED)]))
            self.drop(candidate.entry, candidate.seen, failed(error, Service.MOBILE_COMMONS))
            return
        except RECORD_ERRORS as error:
            # Sent without an answer, or never sent: read first, then at most one more call (C18).
            calls = intent.calls if isinstance(error, OutcomeUnknown) else intent.calls - 1
            unknown = replace(intent, result=AttemptResult.UNKNOWN, calls=calls)
            await context.remember(Changes(attempts=[unknown]))
            self.keep(candidate.entry, candidate.seen, failed(error, Service.MOBILE_COMMONS))
            return
        if read_membership(answer, intent.campaign_id) == NEVER:
            try:
                answer = await mobile_commons.get_profile(candidate.phone, priority=Priority.OPT_IN) or answer
            except RECORD_ERRORS:
                # The call was answered: what is missing is a reading of what it left, never another call (C18).
                unread = replace(intent, result=AttemptResult.UNKNOWN, calls=MAX_CALLS)
                await context.remember(Changes(attempts=[unread]))
                self.keep(candidate.entry, candidate.seen, _UNKNOWN)
                return
        await self._judge(candidate, intent, answer, read=read)

    async def _judge(
        self, candidate: Candidate, attempt: Attempt, profile: Profile, *, read: Profile | None = None
    ) -> None:
        """Take the subscription that Mobile Commons shows for the answer, never the word success.

        `read` is the profile as it was before a call of this run.
        """
        result, category, reason = judge_opt_in(profile, attempt.campaign_id)
        attempt = replace(attempt, result=result)
        known = await self._context.memory.recall(profiles=[profile.id], numbers=[attempt.number_hash])
        number, scope = attempt.number_hash, self._context.policy.scope
        attempts = {(number, attempt.campaign_id): attempt}
        self._book.observe(read_membership(profile, scope), number, replace(known, attempts=attempts))
        echo = None
        if read is not None:
            before = known.profiles.get(profile.id)
            echo = self._sightings.opted_in_profile(profile, read=read, before=before)
        await self._context.remember(Changes(attempts=[attempt], profiles=[echo] if echo else []))
        self.drop(candidate.entry, candidate.seen, Outcome(category, reason))

    def _waiting(self, seen: PersonSeen | None, reason: Reason) -> Outcome:
        earlier = self._earlier(seen)
        return Outcome(Category.HELD, reason) if earlier is None else deferred(earlier, reason)

    def _conclude(
        self, person_id: PersonId, seen: PersonSeen | None, outcome: Outcome, *, refused: Person | None = None
    ) -> None:
        """Count the outcome, in place of what this run said of the person before (sync.md O1)."""
        earlier = self._earlier(seen)
        if earlier is not None and outcome.category is not Category.DEFERRED_SUBSCRIPTION:
            outcome = strongest((outcome, earlier))
        self._book.count(Detail(person_id, outcome, person_id), seen)
        if seen is not None:
            self._book.enter(people=[self._sightings.released_person(seen, outcome, refused=refused)])

    def _earlier(self, seen: PersonSeen | None) -> Outcome | None:
        """Return what this run did for the person before it came to the opt-in."""
        is_ours = seen is not None and seen.run_id == self._context.order.id
        return without_wait(seen.outcome) if seen is not None and is_ours else None
