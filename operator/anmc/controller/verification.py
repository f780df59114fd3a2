"""Verification of an integration, and what holds its runs back (sync.md W14, W15)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from anmc.api.conditions import find_condition
from anmc.api.names import ConditionStatus, ConditionType
from anmc.controller import conditions
from anmc.controller.registry import Refusal, Verification
from anmc.controller.services import OpenServices
from anmc.controller.turn import Subject, Turn
from anmc.controller.uniqueness import Uniqueness
from anmc.controller.world import World
from anmc.errors import (
    AnmcError,
    AuthenticationFailed,
    DuplicateIntegration,
    FieldMappingInvalid,
    InvalidSpec,
    OriginNotAllowed,
    Retry,
)
from anmc.sync.verify import verify

RECHECK: Final = timedelta(minutes=15)
"""When refused credentials, names or origins are tried again although nothing changed (sync.md W15)."""

REREAD: Final = timedelta(minutes=1)
"""When Secrets are read again while they are refused or missing, and a service is asked again that was away."""

VERIFY_EVERY: Final = timedelta(hours=24)
"""Age at which a verification is repeated (sync.md W14)."""

_NEEDS_A_PERSON: Final = (
    AuthenticationFailed,
    DuplicateIntegration,
    FieldMappingInvalid,
    InvalidSpec,
    OriginNotAllowed,
)


def find_verification(turn: Turn, now: datetime) -> Verification | None:
    """Return what is known of this revision of the wish, if it is young enough."""
    known = turn.entry.verification
    if known is None or known.revision != turn.revision or now - known.at >= VERIFY_EVERY:
        return None
    return known


class Verifier:
    """Asks both services whether an integration can run, and keeps the answer with the entry."""

    def __init__(self, world: World, uniqueness: Uniqueness) -> None:
        self._world = world
        self._uniqueness = uniqueness

    async def verify(self, turn: Turn, services: OpenServices) -> Verification:
        """Check credentials, names and uniqueness; a failed check proves nothing missing: an older answer still counts.

        Raises:
            AnmcError: as `anmc.sync.verify.verify`; a `Retry` only when this revision was never verified.
            DuplicateIntegration, Interrupted: as `Uniqueness.check`.
        """
        entry, generation = turn.entry, turn.seen.generation
        is_new = not conditions.was_verified(entry.status.conditions, generation=generation)
        try:
            found = await verify(turn.spec, services.mobile_commons, services.action_network, is_new=is_new)
        except Retry:
            if entry.verification is None or entry.verification.revision != turn.revision:
                raise
            return entry.verification
        self._uniqueness.claim(turn, services, found)
        self._uniqueness.check(entry)
        now = self._world.now()
        before = find_condition(entry.status.conditions, ConditionType.CREDENTIALS_VALID)
        entry.verification, entry.refusal = Verification(turn.revision, found, now), None
        after = conditions.verified(entry.status.conditions, found.missing, generation=generation, now=now)
        after = conditions.summary(after, entry.status, generation=generation, now=now)
        await self._world.write(entry, replace(entry.status, conditions=after))
        if before is None or before.status is not ConditionStatus.TRUE:
            self._world.announcer.verified(entry)
        return entry.verification

    async def refuse(self, subject: Subject, error: AnmcError, *, secrets: bytes | None = None) -> None:
        """Say why nothing can run, and when it is tried again; `secrets` is the hash of those that were used."""
        entry, generation, now = subject.entry, subject.seen.generation, self._world.now()
        before = entry.status.conditions
        after = conditions.refused(before, error, generation=generation, now=now)
        pause = RECHECK if isinstance(error, _NEEDS_A_PERSON) else REREAD
        is_duplicate = isinstance(error, DuplicateIntegration)
        entry.verification, entry.refusal = None, Refusal(subject.revision, now + pause, secrets, is_duplicate)
        entry.due = now + (REREAD if secrets is not None else pause)
        if {(one.type, one.reason) for one in after} != {(one.type, one.reason) for one in before}:
            self._world.announcer.refused(entry, error)
        await self._world.write(entry, replace(entry.status, observed_generation=generation, conditions=after))

    async def is_held_back(self, turn: Turn, now: datetime) -> bool:
        """Whether a refusal still stands; then the entry's due time says when to look again.

        Raises:
            AnmcError: the Secrets that were refused cannot be read any more.
        """
        refusal = turn.entry.refusal
        if refusal is None or refusal.revision != turn.revision or now >= refusal.until:
            return False
        if refusal.is_duplicate and self._uniqueness.elder_of(turn.entry) is None:
            return False
        if refusal.secrets is not None:
            if await self._world.services.fingerprint(turn.seen.namespace, turn.spec) != refusal.secrets:
                return False
            turn.entry.due = min(refusal.until, now + REREAD)
        else:
            turn.entry.due = refusal.until
        return True
