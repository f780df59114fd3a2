"""A witness of all that people do and the sync writes, who knows the invariants of sync.md section 1.

It judges by what both services keep and by what has happened. The store is asked only where an invariant speaks of
what the sync knows: who is linked, who was seen with a number, which wish somebody has stated.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from anmc.api.names import Direction
from anmc.rules.records import PersonId, ProfileId
from anmc.rules.states import Membership
from anmc.rules.windows import PUSH_OVERLAP
from sync.consent.edge import Write
from sync.consent.town import NUMBERS, Ran, Town, says_false, says_true
from sync.world import COLUMN, FIELD, START, WRITES

CLEAN_RUNS: Final = 2
"""After how many clean runs everything that is owed has to be there."""

_WEEKLY: Final = timedelta(days=8)
"""After how long a clean push has read everything once."""

_OPEN: Final = frozenset({Membership.ACTIVE, Membership.PENDING})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was true when a run began: memberships by number, the numbers of ticked boxes, numbers by person."""

    moment: int
    membership: Mapping[str, Membership]
    wished: frozenset[str]
    numbers: Mapping[str, str]
    profiles: frozenset[str]


@dataclass(slots=True)
class OwedOptOut:
    """An opt-out of which Action Network has to hear (I4).

    `made_at` is its time. `concerned` are those whom the sync knew to hold the number when it first tried, None
    before it has tried.
    """

    number: str
    made_at: datetime
    counts_from: datetime
    concerned: set[str] | None = None
    runs: int = 0


@dataclass(slots=True)
class Withdrawal:
    """A wish taken back in Action Network, of which Mobile Commons has to hear (I4)."""

    person_id: str
    number: str
    moment: int
    runs: int = 0


class Witness:
    """Collects what was wrong; acts and runs are counted in `moment`."""

    def __init__(self, town: Town) -> None:
        self.wrongs: list[str] = []
        self._town = town
        self._moment = 0
        self._own_acts: dict[str, int] = {}
        """When somebody came in last by an act of their own, by number."""
        self._learned: dict[str, int] = {}
        """When the newest opt-out was made that the ledger must hold, by number."""
        self._opted_out: dict[str, int] = {}
        """When the newest opt-out was made, by number."""
        self._in_windows: dict[str, int] = {}
        """When the newest opt-out was made that a push cannot miss, by number."""
        self._gone: dict[str, int] = {}
        """When a person was deleted or merged away, by id."""
        self._owed: list[OwedOptOut] = []
        self._withdrawals: list[Withdrawal] = []
        self._withdrawers: set[str] = set()
        self._withdrawn: set[str] = set()
        """Who ever took a wish back, and the numbers concerned."""
        self._texted: Counter[str] = Counter()
        self._text_uncertain: set[str] = set()
        """Numbers of which the store may not know that they were texted: it was lost, or the answer to the call."""
        self._profile_vanished: set[str] = set()
        """Numbers that were texted before their profile was deleted."""
        self._texts_seen = 0
        self._run: Snapshot | None = None
        self._is_pushing = False
        town.edge.on_write = self.sees

    @property
    def owed(self) -> dict[Direction, datetime]:
        """Return of which runs something is owed, and the time from which on they owe it."""
        owed = {Direction.PULL: self._town.clock.now()} if self._withdrawals else {}
        if self._owed:
            owed[Direction.PUSH] = max(one.counts_from for one in self._owed)
        return owed

    # What people do.

    @contextlib.contextmanager
    def watching_an_act(self) -> Iterator[None]:
        """Notice what an act changes beside what it is about."""
        self._moment += 1
        town = self._town
        ticked, profiles = self._ticked(), set(town.company.profiles)
        unticked = {person.id for person in town.group if says_false(person)}
        yield
        newly_ticked = {person_id for person_id, number in self._ticked().items() if ticked.get(person_id) != number}
        for owed in self._owed:
            if owed.concerned is not None:
                owed.concerned -= newly_ticked
        self._profile_vanished |= (profiles - set(town.company.profiles)) & self._texted.keys()
        self._drop_what_is_not_owed_any_more()
        self._note_withdrawals(unticked)

    def acted(self, number: str) -> None:
        """Somebody came in by an act of their own."""
        if self._town.membership(number) in _OPEN:
            self._own_acts[number] = self._moment

    def opted_out(self, number: str) -> None:
        """Somebody left a campaign, or everything."""
        town, now = self._town, self._town.simulation.clock.now()
        profile = town.profile(number)
        rows = [row for row in profile.subscriptions.values() if town.is_in_scope(row.campaign.name)]
        is_new = now in {profile.opted_out_at, *(row.opted_out_at for row in rows)}
        if not is_new or town.membership(number) is not Membership.OPTED_OUT:
            return
        self._opted_out[number] = self._moment
        if now < START - PUSH_OVERLAP:
            return  # what is older than the activation only fills the ledger (W4)
        row = profile.subscriptions.get(town.campaign.id)
        if profile.updated_at == now or (row is not None and row.changed_at == now):
            self._in_windows[number] = self._moment
            counts_from = now
        else:
            counts_from = now + _WEEKLY
        concerned = self._concerned(number) if self._is_pushing else None
        self._owed.append(OwedOptOut(number, now, counts_from, concerned))

    def person_goes(self, person_id: str) -> None:
        """Somebody is about to be deleted, or merged into somebody else."""
        self._gone[person_id] = self._moment

    def store_is_lost(self) -> None:
        """Nothing that was learned is known any more."""
        self._learned.clear()
        self._withdrawals.clear()
        self._text_uncertain |= self._texted.keys()

    # What runs do.

    @contextlib.contextmanager
    def watching_a_run(self, direction: Direction, *, is_dry: bool) -> Iterator[None]:
        """Keep in mind what is true when a run begins."""
        self._moment += 1
        town = self._town
        requests, changes = town.journal.calls.total(), town.store.changes
        self._run = Snapshot(
            moment=self._moment,
            membership={number: town.membership(number) for number in NUMBERS.values()},
            wished=frozenset(self._ticked().values()),
            numbers={person.id: person.phone for person in town.group},
            profiles=frozenset(town.company.profiles),
        )
        self._is_pushing = direction is Direction.PUSH and not is_dry
        if self._is_pushing:
            for owed in self._owed:
                if owed.concerned is None:
                    owed.concerned = self._concerned(owed.number)
        yield
        self._is_pushing = False
        sent = islice(reversed(town.journal.requests), town.journal.calls.total() - requests)
        if is_dry and any(request.operation in WRITES for request in sent):
            self._wrong("I13: a dry run wrote to a service")
        if is_dry and town.store.changes != changes:
            self._wrong("I13: a dry run wrote to the store")

    def judge(self, ran: Ran) -> None:
        """Say what a run that has ended ought to have done."""
        self._check_counts(ran)
        self._check_texts(answered=ran.is_undisturbed)
        if ran.is_clean:
            self._note_what_was_learned(ran.direction)
        if ran.is_clean and ran.direction is Direction.PUSH:
            self._check_owed_opt_outs()
        if ran.is_clean and ran.direction is Direction.PULL:
            self._check_withdrawals()

    def sees(self, write: Write) -> None:
        """Judge a write as it leaves."""
        match write.operation:
            case "opt_in":
                self._check_opt_in(write)
            case "opt_out":
                self._check_opt_out(write)
            case "update_profile":
                self._check_profile_update(write)
            case "create_person":
                self._check_creation(write)
            case _:
                self._check_person_update(write)

    # The invariants.

    def _check_opt_in(self, write: Write) -> None:
        number, run = write.subject, self._during_run()
        if set(write.body) != {"opt_in_path_id"}:
            self._wrong("Q24: an opt-in call carries data")
        if Membership.NEVER not in {run.membership[number], self._town.membership(number)}:
            self._wrong(f"I2: an opt-in call for a number that is {self._town.membership(number)}")
        if number not in run.wished | set(self._ticked().values()):
            self._wrong("I2: an opt-in call that nobody with the number wished")
        if self._learned.get(number, -1) > self._own_acts.get(number, -1):
            self._wrong("I1: an opt-in call after a known opt-out, without an act of the person")

    def _check_opt_out(self, write: Write) -> None:
        """I5, C5: only a withdrawal opts out, of the number that somebody had and of the one they have (M11)."""
        numbers, people = self._during_run().numbers, {person.id: person.phone for person in self._town.group}
        of_now = {number for one in self._withdrawers for number in (numbers.get(one), people.get(one))}
        if write.subject not in self._withdrawn | of_now:
            self._wrong("I5: opted out in Mobile Commons without a withdrawal")

    def _check_texts(self, *, answered: bool) -> None:
        """I3, C18: only where nobody can know any more of the first call may there be a second one."""
        texts = self._town.journal.texts[self._texts_seen :]
        self._texts_seen += len(texts)
        for text in texts:
            number = text.phone
            is_unknowable = number in self._text_uncertain and number in self._profile_vanished
            if self._texted[number] and not is_unknowable:
                self._wrong("I3: a second opt-in call left a subscription")
            self._texted[number] += 1
            self._text_uncertain.discard(number)
            if not answered:
                self._text_uncertain.add(number)
            self._profile_vanished.discard(number)

    def _check_profile_update(self, write: Write) -> None:
        number, run = write.subject, self._during_run()
        if not all(write.body.values()):
            self._wrong("I12: an empty value for Mobile Commons")
        is_new = number not in run.profiles and number not in self._town.company.profiles
        if is_new and self._town.store.linked_profile(PersonId(write.body[COLUMN])) is not None:
            self._wrong("I8: a profile that was deleted is made again")

    def _check_creation(self, write: Write) -> None:
        number, run = write.body["phone_numbers"][0]["number"], self._during_run()
        self._check_person_body(write)
        if Membership.ACTIVE not in {run.membership[number], self._town.membership(number)}:
            self._wrong("I8: a person is made of somebody who is no member")
        profile = self._town.company.profiles.get(number)
        if profile is None:
            return
        for person_id in (self._town.store.linked_person(ProfileId(profile.id)), self._town.column(number)):
            if person_id and self._own_acts.get(number, -1) <= self._gone.get(person_id, self._moment):
                self._wrong("I8: a person who was deleted is made again")

    def _check_person_update(self, write: Write) -> None:
        self._check_person_body(write)
        wish = write.body.get("custom_fields", {}).get(FIELD)
        if wish is None:
            return
        memberships = self._memberships(write)
        if wish == "1" and Membership.ACTIVE not in memberships:
            self._wrong("I5: True for somebody who is no member")
        if wish == "0" and Membership.OPTED_OUT not in memberships:
            self._wrong("I5: False for somebody who has not opted out")
        # After a 500 the address that was just read may be needed (A2).
        allowed = {"custom_fields"} | ({"email_addresses"} if self._town.edge.fate.has_struck else set())
        if wish == "0" and not (write.body.keys() <= allowed and set(write.body["custom_fields"]) == {FIELD}):
            self._wrong("I7: an opt-out carries more than the field")

    def _check_person_body(self, write: Write) -> None:
        if "subscribed" in set(_texts(write.body)):
            self._wrong("I6: the status subscribed")
        if "" in set(_texts(write.body)):
            self._wrong("I12: an empty value for Action Network")

    def _check_counts(self, ran: Ran) -> None:
        if ran.end is None:
            return
        tally, run = ran.end.tally, self._town.last
        if any(count < 0 for count in tally.counts.values()):
            self._wrong("I9: a negative count")
        if run is None or run.order.resumed_from is not None or not ran.is_undisturbed:
            return
        listed, asked_for = self._town.edge.people_listed, self._town.edge.people_asked_for
        if ran.direction is Direction.PULL:
            least, most = len(listed), len(listed | asked_for)
        else:
            least, most = 0, len(self._town.company.profiles) + len(asked_for)
        if not least <= tally.records_read <= most:
            self._wrong(f"I9: {tally.records_read} outcomes of {least} to {most} records")

    def _check_owed_opt_outs(self) -> None:
        """I4: an opt-out that shows reaches everybody whom the sync knows to hold the number."""
        now = self._town.simulation.clock.now()
        for owed in [one for one in self._owed if now >= one.counts_from]:
            owed.runs += 1
            if owed.runs < CLEAN_RUNS:
                continue
            self._owed.remove(owed)
            for person in self._town.holders(owed.number):
                if says_true(person) and person.id in (owed.concerned or set()):
                    self._wrong("I4: an opt-out was lost")

    def _check_withdrawals(self) -> None:
        """I4, C5, C8: a withdrawal that was read ends the membership."""
        run = self._during_run()
        for withdrawal in [one for one in self._withdrawals if one.moment < run.moment]:
            number = withdrawal.number
            if not withdrawal.runs and withdrawal.person_id not in self._town.edge.people_listed:
                continue  # nobody has read it yet
            withdrawal.runs += 1
            self._learned[number] = max(self._learned.get(number, -1), withdrawal.moment)
            if withdrawal.runs < CLEAN_RUNS:
                continue
            self._withdrawals.remove(withdrawal)
            came_back = self._own_acts.get(number, -1) > withdrawal.moment
            if self._town.membership(number) is Membership.ACTIVE and not came_back:
                self._wrong("I4: a withdrawal was lost")

    # What the witness knows.

    def _note_what_was_learned(self, direction: Direction) -> None:
        """The ledger holds what a push finds in its windows, and what anybody reads of a number (C7)."""
        run = self._during_run()
        out = {number for number, membership in run.membership.items() if membership is Membership.OPTED_OUT}
        if direction is Direction.PUSH:
            self._learned |= {number: moment for number, moment in self._in_windows.items() if number in out}
        read = out & self._town.edge.numbers_read
        self._learned |= {number: moment for number, moment in self._opted_out.items() if number in read}

    def _wrong(self, what: str) -> None:
        self.wrongs.append(what)

    def _during_run(self) -> Snapshot:
        assert self._run is not None
        return self._run

    def _ticked(self) -> dict[str, str]:
        """Return the numbers of all whose box is ticked, by id."""
        return {person.id: person.phone for person in self._town.group if says_true(person)}

    def _concerned(self, number: str) -> set[str]:
        """Return whom an opt-out has to reach: all holders if the profile is not linked, else those known (C9)."""
        profile = self._town.company.profiles.get(number)
        if profile is None or self._town.store.linked_person(ProfileId(profile.id)) is None:
            return {person.id for person in self._town.holders(number)}
        return self._town.store.people_with(self._town.hashed(number))

    def _memberships(self, write: Write) -> set[Membership]:
        """Return the memberships, before the run and now, of all numbers that a person may be written to for."""
        run, town, person_id = self._during_run(), self._town, write.subject
        person = town.group.with_id(person_id)
        numbers = {run.numbers.get(person_id), person.phone if person else None}
        numbers |= {entry["number"] for entry in write.body.get("phone_numbers", ())} | self._numbers_of(person_id)
        of_run = {run.membership[number] for number in numbers if number}
        return of_run | {town.membership(number) for number in numbers if number}

    def _numbers_of(self, person_id: str) -> set[str]:
        """Return the numbers under which a person is linked, or which profiles have that name the person."""
        town = self._town
        linked = town.store.linked_number(PersonId(person_id))
        numbers = {number for number in NUMBERS.values() if town.hashed(number) == linked}
        return numbers | {number for number in town.company.profiles if town.column(number) == person_id}

    def _drop_what_is_not_owed_any_more(self) -> None:
        """Drop what the person has taken back, the whole of it or the last of several opt-outs."""
        self._owed = [
            one
            for one in self._owed
            if self._town.membership(one.number) is Membership.OPTED_OUT
            and one.made_at <= self._town.left_at(one.number)
        ]

    def _note_withdrawals(self, unticked: set[str]) -> None:
        """Note who has taken back a stated wish, and who has changed their mind before it was read (C5)."""
        town, people = self._town, {person.id: person for person in self._town.group}
        self._withdrawals = [
            one
            for one in self._withdrawals
            if (person := people.get(one.person_id)) is not None
            and person.phone == one.number
            and (one.runs or says_false(person))
        ]
        for person in people.values():
            if says_false(person) and person.id not in unticked and town.store.states_true(PersonId(person.id)):
                self._withdrawers.add(person.id)
                self._withdrawn |= self._numbers_of(person.id) | {person.phone}
                if person.phone:
                    # The ledger keeps the newest opt-out of a number: where that is theirs, it counts as handled (C10).
                    self._owed = [owed for owed in self._owed if owed.number != person.phone]
                    self._withdrawals.append(Withdrawal(person.id, person.phone, self._moment))


def _texts(body: Any) -> Iterator[str]:
    """Yield all texts in a document."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, Mapping):
        for value in body.values():
            yield from _texts(value)
    elif isinstance(body, list):
        for value in body:
            yield from _texts(value)
