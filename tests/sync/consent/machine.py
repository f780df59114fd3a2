"""The state machine: people act, runs run, a witness looks on."""

import asyncio
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import chain
from typing import Any, ClassVar, Final, TypeVar
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from typing_extensions import override

from anmc.api.names import Direction, InitialSync, SyncType
from anmc.rules.phone import read_phone
from anmc_simulators.switches import switches_of
from sync.consent.acts import Act, People
from sync.consent.edge import Fate, Harm, Mishap
from sync.consent.town import GENERAL, NUMBERS, OTHER, Ran, Terms, Town
from sync.consent.witness import CLEAN_RUNS, Witness
from sync.memory_store import MemoryStore
from sync.world import START

T = TypeVar("T")

HISTORIES: Final = "ANMC_MODEL_HISTORIES"
"""Environment variable: how many histories all machines try together. Set, they are others each time; without it
they are the same 2000, so that a red build is the fault of what was changed."""

PATIENCE: Final = 1.0
"""Seconds that one history may take at most, on average: several times what it does take."""

_IN_CI: Final = 2000
_MACHINES: Final = 2
_STEPS: Final = 4
"""Steps of a history: its beginning, then runs, each after some acts."""

ENOUGH_ROUNDS: Final = 2
"""Rounds of a push and a pull after which there is nothing left to do."""


def how_many() -> int:
    """Return how many histories one machine tries."""
    return int(os.environ.get(HISTORIES, _IN_CI)) // _MACHINES


def try_histories(machine: "type[Histories]") -> None:
    """Try as many histories as there are to be on one machine; the first that fails is told as short as possible."""
    cached = cache(read_phone)  # a tenth of all time goes into the same four numbers
    with (
        asyncio.Runner() as runner,
        mock.patch("anmc.sync.sightings.read_phone", cached),
        mock.patch("anmc.rules.match.read_phone", cached),
        mock.patch("anmc_simulators.switches.switches_of", cache(switches_of)),
    ):
        machine.loop, machine.store = runner.get_loop(), MemoryStore()
        try:
            run_state_machine_as_test(machine, settings=_settings())
        finally:
            runner.run(machine.store.close())


def _settings() -> settings:
    return settings(
        max_examples=how_many(),
        stateful_step_count=_STEPS,
        derandomize=HISTORIES not in os.environ,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Somebody acts during a run, right before one of its calls."""

    act: Act
    at: int

    @override
    def __repr__(self) -> str:
        return f"<{self.act} before call {self.at}>"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A dry run."""

    @override
    def __repr__(self) -> str:
        return "<dry>"


How = Mishap | Meanwhile | Rehearsal | None
"""What is special about a run; None: nothing."""


@st.composite
def _act(draw: st.DrawFn, name: str, *arguments: st.SearchStrategy[Any]) -> Act:
    return Act(name, tuple(draw(argument) for argument in arguments))


def _weighted(*alternatives: tuple[int, st.SearchStrategy[T]]) -> st.SearchStrategy[T]:
    """Return one of several strategies, some more often than others: `one_of` takes equal ones for one."""
    weighted = [strategy for weight, strategy in alternatives for _ in range(weight)]
    return st.sampled_from(weighted).flatmap(lambda strategy: strategy)


_names = st.sampled_from(sorted(NUMBERS))
_who = st.integers(0, len(NUMBERS))
_campaigns = st.sampled_from((GENERAL, GENERAL, OTHER))
_emails = st.sampled_from(("", "ada@example.org", "ben@example.org"))
_boxes = st.sampled_from(("1", "1", "0", "0", "", "maybe", None))
_words = st.sampled_from(("Kim", "Lou"))
_hours = st.sampled_from((0.1, 3, 11, 11, 11, 24, 72, 216))

_acts = _weighted(
    (6, _act("joins", _names, _campaigns)),
    (3, _act("signs_up_on_the_web", _names, _campaigns)),
    (12, _act("stops", _names)),
    (3, _act("takes_stop_back", _names)),
    (5, _act("leaves", _names, _campaigns)),
    (2, _act("is_taken_off_by_staff", _names)),
    (3, _act("loses_the_phone", _names)),
    (3, _act("edits_profile", _names, _words)),
    (3, _act("uploads_profile", _names, _emails)),
    (5, _act("deletes_profile", _names)),
    (3, _act("merges_profiles", _names, _names)),
    (8, _act("adds_somebody", _names, _boxes, _emails)),
    (12, _act("fills_box", _who, _boxes)),
    (2, _act("uploads_flags")),
    (3, _act("edits_somebody", _who, _words)),
    (5, _act("gets_number", _who, st.none() | _names)),
    (3, _act("merges_people", _who, _who)),
    (3, _act("deletes_somebody", _who)),
    (2, _act("bounces", _who)),
    (8, _act("is_imported_anew", _names)),
    (9, _act("time_passes", _hours)),
    (1, _act("process_restarts")),
    (1, _act("store_is_lost")),
)
_some_acts = st.lists(_acts, max_size=8)


@st.composite
def _pasts(draw: st.DrawFn, name: str) -> list[Act]:
    """Return what somebody may have done before the story begins, in either service."""
    commons = [
        *[[]] * 3,
        [Act("uploads_profile", (name, ""))],
        [Act("joins", (name, GENERAL))],
        [Act("joins", (name, GENERAL))],
        [Act("joins", (name, OTHER))],
        [Act("joins", (name, GENERAL)), Act("joins", (name, OTHER))],
        *[[Act("joins", (name, GENERAL)), Act("stops", (name,))]] * 3,
        [Act("joins", (name, GENERAL)), Act("leaves", (name, GENERAL))],
    ]
    address = f"{name.lower()}@example.org"
    network = [
        *[[]] * 3,
        *[[Act("adds_somebody", (name, "1", address))]] * 3,
        [Act("adds_somebody", (name, "1", ""))],
        [Act("adds_somebody", (name, "0", address))],
        [Act("adds_somebody", (name, None, address))],
    ]
    return [*draw(st.sampled_from(commons)), *draw(st.sampled_from(network))]


_times = st.sampled_from((1, 1, 3, 1000))
_at = st.sampled_from((1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 15))
_hows: st.SearchStrategy[How] = _weighted(
    (6, st.none()),
    (4, st.builds(Mishap, st.sampled_from(list(Harm)), _at, _times)),
    (3, st.builds(Meanwhile, _acts, _at)),
    (1, st.just(Rehearsal())),
)
_terms = st.fixed_dictionaries(
    {
        "is_double": st.sampled_from((False, False, True)),
        "shares_numbers": st.sampled_from((False, False, True)),
        "sync_type": st.sampled_from(SyncType),
        "initial_sync": st.sampled_from((*[InitialSync.WINDOW] * 3, InitialSync.FULL, InitialSync.LINK_ONLY)),
        "creates_without_email": st.booleans(),
        "switches": st.fixed_dictionaries(
            {},
            optional={
                "stop_moves_updated_at": st.booleans(),
                "subscription_moves_updated_at": st.booleans(),
                "return_moves_updated_at": st.booleans(),
                "return_renews_activated_at": st.booleans(),
                "return_clears_opted_out_at": st.booleans(),
            },
        ),
    }
)


class Histories(RuleBasedStateMachine):
    """Random histories of both services and of the sync between them; invariants of sync.md section 1."""

    is_bound: ClassVar[bool]
    loop: ClassVar[asyncio.AbstractEventLoop]
    store: ClassVar[MemoryStore]

    rests: bool
    town: Town
    witness: Witness
    people: People

    @initialize(
        terms=_terms,
        pasts=st.tuples(*[_pasts(name) for name in NUMBERS]),
        hours=st.sampled_from((0, 0, 0, 1, 30, 80)),
        rests=st.sampled_from((*[False] * 7, True)),
    )
    def begins(self, terms: dict[str, Any], pasts: tuple[list[Act], ...], hours: int, *, rests: bool) -> None:
        """Let some acts happen a minute before the activation, or so many hours more."""
        self.rests = rests
        self.store.lose()
        self.town = Town(self.store, Terms(is_bound=self.is_bound, **terms))
        self.witness = Witness(self.town)
        self.people = People(self.town, self.witness)
        self.town.clock.time = START - timedelta(hours=hours, minutes=1)
        self.happens(chain.from_iterable(pasts))
        self.town.clock.time = max(self.town.clock.time, START)
        self.run(Direction.PUSH, None)  # as at an activation (W11)

    @rule(acts=_some_acts, how=_hows)
    def push(self, acts: list[Act], how: How) -> None:
        self.happens(acts)
        self.run(Direction.PUSH, how)

    @rule(acts=_some_acts, how=_hows, full=st.sampled_from((False, False, False, True)))
    def pull(self, acts: list[Act], how: How, *, full: bool) -> None:
        self.happens(acts)
        self.run(Direction.PULL, how, full=full)

    @invariant()
    def nothing_is_wrong(self) -> None:
        if hasattr(self, "witness"):
            assert not self.witness.wrongs, "; ".join(self.witness.wrongs)

    @override
    def teardown(self) -> None:
        if sys.exc_info()[1] is not None or not hasattr(self, "witness"):
            return
        if self.rests:
            self.comes_to_rest()
        else:
            self.gets_what_is_owed()

    def gets_what_is_owed(self) -> None:
        """Let so many clean runs follow that nothing owed may be missing (I4)."""
        for direction, counts_from in self.witness.owed.items():
            self.town.clock.advance(max(timedelta(), counts_from - self.town.clock.now()))
            for _ in range(CLEAN_RUNS):
                self.run(direction, None)
        self.nothing_is_wrong()

    def comes_to_rest(self) -> None:
        """Let runs do all there is to do; then they write nothing (I10), and nothing owed is missing (I4)."""
        written: list[str] = []
        for _ in range(ENOUGH_ROUNDS + 1):
            written = self.town.writes
            self.town.waits(minutes=1)
            for direction in Direction:
                self.run(direction, None)
        self.nothing_is_wrong()
        assert self.town.writes == written, "I10: there was still something to write"

    def happens(self, acts: Iterable[Act]) -> None:
        for act in acts:
            self.people.perform(act)

    def run(self, direction: Direction, how: How, **order: Any) -> Ran:
        """Let a run happen, and judge it."""
        fate = Fate()
        match how:
            case Mishap():
                fate.mishap = how
            case Meanwhile(act, at):
                fate.meanwhile, fate.meanwhile_at = lambda: self.people.perform(act), at
        is_dry = isinstance(how, Rehearsal)
        with self.witness.watching_a_run(direction, is_dry=is_dry):
            ran = self.loop.run_until_complete(self.town.runs(direction, fate, is_dry=is_dry, **order))
        self.witness.judge(ran)
        return ran
