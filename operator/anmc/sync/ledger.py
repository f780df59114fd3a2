"""The ledger during a run: every membership that is read refills it (sync.md C7)."""

from anmc.rules.consent import MembershipReading, observe_membership
from anmc.rules.records import NumberHash
from anmc.rules.remembered import Suppression
from anmc.sync.ports import Changes, Known
from anmc.sync.run import RunContext


async def observe(
    context: RunContext, reading: MembershipReading, number: NumberHash | None, known: Known
) -> Suppression | None:
    """Return a number's entry as it stands after a reading, and store it if the reading changed it.

    None when the number is unusable, or never opted out as far as anybody knows.
    """
    if number is None:
        return None
    before, target = known.suppressions.get(number), context.policy.target
    after = observe_membership(
        reading,
        before,
        number,
        attempt=known.attempts.get((number, target)) if target else None,
        now=context.now(),
    )
    if after is not None and after != before:
        await context.remember(Changes(suppressions=[after]))
    return after
