"""Keeps two integrations from writing to the same people (sync.md W16)."""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from datetime import UTC, datetime
from typing import Final

from anmc.api.conditions import find_condition
from anmc.api.names import ConditionReason, ConditionType
from anmc.controller.registry import Entry, Registry
from anmc.controller.services import OpenServices
from anmc.controller.turn import Turn
from anmc.errors import DuplicateIntegration, Interrupted
from anmc.rules.uniqueness import Claim, find_elder, overlap
from anmc.sync.verify import Verified

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Age of an object whose creation cannot be read: it goes before nobody."""


class Uniqueness:
    """Knows who claims which accounts. A claim counts while its integration is active, whatever else it is."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._claims: dict[str, Claim] = {}
        self._claimants: defaultdict[Hashable, set[str]] = defaultdict(set)

    def claim(self, turn: Turn, services: OpenServices, found: Verified) -> None:
        """Note which accounts an integration was verified on; it gives up those that it had before.

        Younger integrations on the same accounts are looked at at once: they may have been there first.
        """
        for uid in self._claims.keys() - self._registry.uids():
            self._drop(uid)  # deleted, of which nobody tells
        self.release(turn.entry)
        claim = _claim(turn, services, found)
        turn.entry.claim = self._claims[claim.uid] = claim
        for mark in claim.marks():
            self._claimants[mark].add(claim.uid)
        for other in self._rivals(turn.entry):
            if other.verification is not None and self.elder_of(other) is not None:
                self._registry.wake(other)

    def release(self, entry: Entry) -> None:
        """Give up the claim of an integration that is not active any more."""
        self._drop(entry.seen.uid)
        entry.claim = None

    def elder_of(self, entry: Entry) -> Entry | None:
        """Return the integration that goes before this one on the same accounts."""
        if entry.claim is None:
            return None
        rivals = [other.claim for other in self._rivals(entry) if other.seen.is_active and other.claim is not None]
        elder = find_elder(entry.claim, rivals)
        return self._registry.get(elder.uid) if elder is not None else None

    def check(self, entry: Entry) -> None:
        """Let a run begin; the runs of younger integrations on the same accounts have to end first.

        Raises:
            DuplicateIntegration: an older one works on them.
            Interrupted: a younger one is still running, or it is not known yet whether the older one is there.
        """
        if (elder := self.elder_of(entry)) is not None:
            name = f"{elder.seen.namespace}/{elder.seen.name}"
            raise DuplicateIntegration(
                f"The older DataSyncIntegration {name} works on the same accounts",
                remedy="Delete or deactivate one of the two, or let them name different accounts or campaigns.",
            )
        if _was_duplicate(entry) and any(map(_is_unknown, self._elders(entry))):
            raise Interrupted("An older integration may work on the same accounts, and was not looked at yet")
        running = [other for other in self._rivals(entry) if other.running]
        for other in running:
            other.stop.set()
        if running:
            raise Interrupted("A younger integration is still working on the same accounts")

    def _rivals(self, entry: Entry) -> list[Entry]:
        """Return the other integrations whose claims overlap."""
        mine = entry.claim
        if mine is None:
            return []
        uids = {uid for mark in mine.marks() for uid in self._claimants.get(mark, ())}
        rivals = []
        for uid in uids - {mine.uid}:
            other = self._registry.get(uid)
            if other is not None and overlap(mine, self._claims[uid]):
                rivals.append(other)
        return rivals

    def _elders(self, entry: Entry) -> Iterator[Entry]:
        age = _created_at(entry), entry.seen.uid
        return (other for other in self._registry if (_created_at(other), other.seen.uid) < age)

    def _drop(self, uid: str) -> None:
        claim = self._claims.pop(uid, None)
        for mark in claim.marks() if claim is not None else ():
            self._claimants[mark].discard(uid)
            if not self._claimants[mark]:
                del self._claimants[mark]


def _claim(turn: Turn, services: OpenServices, found: Verified) -> Claim:
    commons = turn.spec.mobile_commons
    return Claim(
        created_at=_created_at(turn.entry),
        uid=turn.seen.uid,
        people=services.people,
        opt_in_field=turn.spec.action_network.opt_in_field,
        origin=commons.url,
        company_key=commons.company_key,
        campaigns=found.campaigns,
        scope=commons.campaign_id,
    )


def _created_at(entry: Entry) -> datetime:
    return entry.seen.created_at or _NEVER


def _was_duplicate(entry: Entry) -> bool:
    """Say whether the status, maybe of another process, says that this integration is the younger one."""
    stalled = find_condition(entry.status.conditions, ConditionType.STALLED)
    return stalled is not None and stalled.reason is ConditionReason.DUPLICATE_INTEGRATION


def _is_unknown(entry: Entry) -> bool:
    """Say whether an active integration has not had a turn yet that could tell its accounts."""
    return entry.seen.is_active and entry.claim is None and entry.refusal is None
