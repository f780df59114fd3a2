"""The modelled world: a few people whom both services may know, the terms of the services, and runs that may fail."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from typing_extensions import override

from anmc.api.names import Direction, InitialSync, Mode, RunResult, SyncType
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.clients.connections import Connections
from anmc.errors import AnmcError
from anmc.rules.records import NumberHash, Phone
from anmc.rules.states import Membership
from anmc.sync.run import RunEnd
from anmc_simulators.action_network.person import Person
from anmc_simulators.mobile_commons.records import OPTED_OUT, Profile
from anmc_simulators.switches import turned
from sync.consent.edge import Edge, Fate, MortalMemory
from sync.memory_store import SCOPE, MemoryStore
from sync.world import ADA, BEN, CAI, DEE, FIELD, FakeProgress, Killed, World

NUMBERS: Final[Mapping[str, str]] = {"Ada": ADA, "Ben": BEN, "Cai": CAI, "Dee": DEE}
"""Who owns which number; a story tells of people by their names."""

GENERAL: Final = "General"
OTHER: Final = "Other"
"""Names of the campaign of the opt-in path, the only one in the scope of a bound integration, and of another one."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a whole history; `switches` are those of Mobile Commons."""

    is_bound: bool = False
    is_double: bool = False
    shares_numbers: bool = False
    sync_type: SyncType = SyncType.CONSERVATIVE
    initial_sync: InitialSync = InitialSync.WINDOW
    creates_without_email: bool = False
    switches: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run went: its end, if it came to one, and whether nothing came between."""

    direction: Direction
    end: RunEnd | None
    is_undisturbed: bool
    is_dry: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether it did all that it had to do, as the services were throughout."""
        succeeded = self.end is not None and self.end.result is RunResult.SUCCEEDED
        return self.is_undisturbed and succeeded and not self.is_dry


class Town(World):
    """The world of one history."""

    def __init__(self, store: MemoryStore, terms: Terms) -> None:
        super().__init__(store)
        self.store = store
        self.terms = terms
        self.campaigns = {GENERAL: self.campaign, OTHER: self.company.add_campaign(OTHER)}
        self.edge = Edge(self.wire, self.clock)
        self._generation = 1
        self._shown: dict[Direction, datetime | None] = {}
        self._ids = (str(UUID(int=number)) for number in range(1, 1_000_000))
        self._agree()
        self._spec = super().read_spec()
        self.restarts()

    def _agree(self) -> None:
        """Let the terms come into force."""
        terms, board = self.terms, self.simulation.mobile_commons.switches
        board.settings = turned(board.settings, terms.switches)
        self.specify("syncType", terms.sync_type)
        self.specify("initialSync", terms.initial_sync)
        self.specify("actionNetwork.createWithoutEmail", terms.creates_without_email)
        if terms.is_bound:
            self.specify("mobileCommons.campaignId", self.campaign.id)
        if terms.is_double:
            self.path = self.company.add_path(self.campaign, "Asks first", double_opt_in=True)
            self.specify("mobileCommons.optInPath", self.path.id)
        if terms.shares_numbers:
            vars(self.group)["_check_unique"] = lambda _person: None
            vars(self.group)["page"] = self._page_with_all_holders
        draft = self.group.draft  # the same history has the same ids
        vars(self.group)["draft"] = lambda **given: replace(draft(**given), id=next(self._ids))

    @override
    def read_spec(self) -> DataSyncIntegrationSpec:
        return self._spec

    # What the operator does.

    def restarts(self, *, loses_store: bool = False) -> None:
        """Begin a new process, which knows what the store holds and what the status shows."""
        if loses_store:
            self.store.lose()
        self.edge.fate = Fate()
        self.gate = self.edge.ask_gate
        self.memory = MortalMemory(self.store.transactions, SCOPE, self.edge)
        self.opens_services(Connections(self.edge))

    async def runs(self, direction: Direction, fate: Fate, *, is_dry: bool = False, **order: Any) -> Ran:
        """Run once under a fate; after a death the process begins anew."""
        self.edge.fate = fate
        self.edge.forget_what_was_read()
        self.progress = FakeProgress()
        if is_dry:
            self._generation += 1
            order["mode"] = Mode.DRY_RUN
        else:
            order["known_watermark"] = self._shown.get(direction)
        order["generation"] = self._generation
        end: RunEnd | None = None
        try:
            end = await (self.push(**order) if direction is Direction.PUSH else self.pull(**order))
        except* Killed:
            await _end_all_tasks()
            self.restarts()
        except* AnmcError:
            if not fate.has_struck:
                raise
        if end is not None and end.watermark is not None:
            self._shown[direction] = end.watermark
        self.edge.fate = Fate()
        self._generation += is_dry  # the mode is set back, which changes the spec once more
        return Ran(direction, end, is_undisturbed=not fate.has_struck, is_dry=is_dry)

    # What is true.

    def membership(self, number: str) -> Membership:
        """Read a number's membership in scope from what Mobile Commons keeps, not from what it answers."""
        profile = self.company.profiles.get(number)
        return Membership.NEVER if profile is None else self._membership(profile)

    def _membership(self, profile: Profile) -> Membership:
        in_scope = [one for one in profile.subscriptions.values() if self.is_in_scope(one.campaign.name)]
        active = [one for one in in_scope if one.is_active]
        left_at = profile.opted_out_at
        lasts = any(left_at is None or (one.activated_at and one.activated_at > left_at) for one in active)
        if (left_at and not lasts) or (not active and any(one.status == OPTED_OUT for one in in_scope)):
            return Membership.OPTED_OUT
        if not profile.textable:
            return Membership.UNDELIVERABLE
        if active:
            return Membership.ACTIVE
        return Membership.PENDING if in_scope else Membership.NEVER

    def left_at(self, number: str) -> datetime:
        """Return the time of the newest opt-out that Mobile Commons keeps of a number that has one."""
        profile = self.profile(number)
        rows = [one for one in profile.subscriptions.values() if self.is_in_scope(one.campaign.name)]
        times = (profile.opted_out_at, *(row.opted_out_at for row in rows if not row.is_active))
        return max(time for time in times if time is not None)

    def is_in_scope(self, campaign: str) -> bool:
        """Whether the opt-in field speaks of a campaign."""
        return campaign == GENERAL or not self.terms.is_bound

    def holders(self, number: str) -> list[Person]:
        """Return the people of Action Network with a number."""
        return [person for person in self.group if person.phone == number]

    def hashed(self, number: str) -> NumberHash:
        """Return what the store knows a number by."""
        return self.hasher.number(Phone(f"+{number}"))


def says_true(person: Person) -> bool:
    """Whether the box of a person is ticked."""
    return person.custom_fields.get(FIELD) == "1"


def says_false(person: Person) -> bool:
    """Whether the box of a person is unticked."""
    return person.custom_fields.get(FIELD) == "0"


async def _end_all_tasks() -> None:
    """End what a process that died had under way."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
