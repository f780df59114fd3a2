"""Opt-ins that a pull decides on: queued, and told whether they have to wait (sync.md C13, C14)."""

from dataclasses import replace
from typing import Final

from anmc.api.names import Category, Reason
from anmc.rules.outcomes import Outcome, strongest
from anmc.rules.records import NumberHash, Person, PersonId, Phone
from anmc.rules.remembered import QueuedOptIn
from anmc.sync.run import RunContext

_WAITS: Final = frozenset({Reason.OUTSIDE_SEND_WINDOW, Reason.DAILY_CAP_REACHED, Reason.OPT_OUT_LIMIT_REACHED})
"""Reasons of an opt-in that stays in the queue."""


class OptIns:
    """The opt-ins staged by one pull.

    `room` is how many calls today's cap leaves behind those that wait already. `people` are those whom this run
    will come to, as read, so that nobody is read twice; there are never more than the cap allows.
    """

    def __init__(self, context: RunContext, *, room: int) -> None:
        self._context = context
        self._room = room
        self.people: dict[PersonId, Person] = {}

    @classmethod
    async def of(cls, context: RunContext) -> "OptIns":
        """Look at today's calls and at the queue."""
        waiting = (await context.memory.count_people()).deferred_opt_ins
        return cls(context, room=await calls_left(context) - waiting)

    def foresee(self, phone: Phone) -> Reason | None:
        """Say why an opt-in that is staged now will have to wait; None if its turn comes with this run."""
        if not self._context.send_window.is_open(phone, self._context.now()):
            return Reason.OUTSIDE_SEND_WINDOW
        self._room -= 1
        return Reason.DAILY_CAP_REACHED if self._room < 0 else None

    def outcome(self, outcome: Outcome, wait: Reason | None) -> Outcome:
        """Return the outcome of a person until the call is made: what is written for them, and the wait."""
        if wait is not None:
            return deferred(outcome, wait)
        if self._context.is_dry:
            return strongest((Outcome(Category.SUBSCRIBED, Reason.APPLIED), outcome))
        return outcome

    def stage(self, person: Person, phone: Phone, number: NumberHash, wait: Reason | None) -> QueuedOptIn:
        """Return the entry of the queue: for the end of the reads, or for the next opening of the window."""
        now = self._context.now()
        if wait is None:
            self.people[person.id] = person
        outside = wait is Reason.OUTSIDE_SEND_WINDOW
        not_before = self._context.send_window.next_open(phone, now) if outside else now
        return QueuedOptIn(person.id, number, decided_at=now, not_before=not_before)


async def calls_left(context: RunContext) -> int:
    """Return how many opt-in calls the cap allows until the integration's local day ends."""
    today = context.send_window.local_day_start(context.now())
    return max(0, context.order.max_opt_ins_per_day - await context.memory.count_attempts_since(today))


def deferred(outcome: Outcome, reason: Reason) -> Outcome:
    """Say of an outcome that its opt-in waits: an import stays one, nothing done becomes Held (sync.md Q1, Q2, O1)."""
    return strongest((without_wait(outcome), Outcome(Category.HELD, reason)))


def without_wait(outcome: Outcome) -> Outcome:
    """Return an outcome whose opt-in waits no longer."""
    if outcome.reason not in _WAITS:
        return outcome
    if outcome.category is Category.HELD:
        return Outcome(Category.NO_DIFFERENCE, Reason.NOTHING_TO_CARRY)
    return replace(outcome, reason=Reason.APPLIED)
