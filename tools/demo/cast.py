"""Who acts in the story, what they do, what has to come of it."""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from anmc_simulators.invented import phone_at
from demo.errors import DemoError

STRANGERS: Final = ""
"""The kind of people whom neither service knows."""

_FIRST_STRANGER: Final = 10_000
"""A place in the line of invented numbers that no seed of a demo comes near."""

_NEWCOMERS: Final = "action_network_unticked"
"""The kind of people of whom one ticks the box after the story."""

_NAMES: Final = ("phone", "person_id", "email")


class Act(StrEnum):
    """What somebody does; the value is how the story says it."""

    KEYWORD = "text the keyword"
    KEYWORD_AND_FORM = "text it, give an e-mail"
    STOP = "text STOP"
    TICK = "opt-in box ticked"
    MOVE = "new city"
    RENAME = "another first name"


class Membership(StrEnum):
    """Where a number stands in Mobile Commons."""

    UNKNOWN = "unknown"
    MEMBER = "member"
    OUT = "opted out"
    NEVER = "never joined"


class Box(StrEnum):
    """What the opt-in box of Action Network says."""

    NO_PERSON = "no such person"
    EMPTY = "empty"
    TRUE = "true"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Someone:
    """An invented person; empty where there is nothing."""

    phone: str = ""
    person_id: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What both services hold of one person, and how many texts went out to them because of a machine."""

    membership: Membership
    box: Box
    has_id: bool = False
    texts: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Some people with one role; `kind` is theirs in the seed, `outcome` what the push makes of a record of theirs."""

    who: str
    kind: str
    act: Act
    count: int
    ends_as: Sight
    outcome: str = ""
    people: tuple[Someone, ...] = ()


_SUBSCRIBED: Final = Sight(Membership.MEMBER, Box.TRUE, has_id=True)
_WELCOMED: Final = Sight(Membership.MEMBER, Box.TRUE, has_id=True, texts=1)
_STAYS_OUT: Final = Sight(Membership.OUT, Box.TRUE, has_id=True)
_LEFT: Final = Sight(Membership.OUT, Box.FALSE)
_UNHEARD: Final = Sight(Membership.OUT, Box.NO_PERSON)

_UPDATED: Final = "UpdatedInActionNetwork"
_OPTED_OUT: Final = "OptedOutInActionNetwork"

TEXTERS: Final = (
    Part("left long ago", "mobile_commons_opted_out", Act.KEYWORD, 4, _SUBSCRIBED, "Exported"),
    Part("in Action Network, box never set", "action_network_absent", Act.KEYWORD, 5, _SUBSCRIBED, _UPDATED),
    Part("in Action Network, box not ticked", "action_network_unticked", Act.KEYWORD, 3, _SUBSCRIBED, _UPDATED),
    Part("strangers", STRANGERS, Act.KEYWORD_AND_FORM, 3, _SUBSCRIBED, "Exported"),
    Part("strangers", STRANGERS, Act.KEYWORD, 4, Sight(Membership.MEMBER, Box.NO_PERSON), "NoExport"),
    Part("members, id known", "both_linked_ticked", Act.STOP, 4, replace(_LEFT, has_id=True), _OPTED_OUT),
    Part("members, no id yet", "both_active_ticked", Act.STOP, 2, _LEFT, _OPTED_OUT),
    Part("member, not in Action Network", "mobile_commons_active", Act.STOP, 1, _UNHEARD, "NoExport"),
)
"""Who acts by text, and what has to be there after the push."""

RECORDS: Final = (
    Part("in Action Network only", "action_network_unticked", Act.TICK, 4, _WELCOMED),
    Part("ticked before, never carried over", "action_network_ticked", Act.MOVE, 2, _WELCOMED),
    Part("the same, without e-mail", "action_network_ticked_without_email", Act.MOVE, 1, _WELCOMED),
    Part("members already", "both_active_absent", Act.TICK, 2, _SUBSCRIBED),
    Part("opted out long ago, box still ticked", "both_opted_out_ticked", Act.MOVE, 3, _STAYS_OUT),
    Part("box never set", "action_network_absent", Act.MOVE, 2, Sight(Membership.UNKNOWN, Box.EMPTY)),
    Part("ticked, no number", "action_network_ticked_without_phone", Act.MOVE, 1, Sight(Membership.UNKNOWN, Box.TRUE)),
    Part("members, id known", "both_linked_ticked", Act.MOVE, 3, _SUBSCRIBED),
    Part("member, id known", "both_linked_ticked", Act.RENAME, 1, _SUBSCRIBED),
)
"""Whose record is edited in Action Network, and what has to be there after the pull."""

TICKED_AGAIN: Final = 2
"""How many of those who texted STOP somebody ticks again."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who acts."""

    texters: tuple[Part, ...]
    records: tuple[Part, ...]
    ticked_again: Part
    newcomers: tuple[Someone, ...]
    """Who only ticks the box after the story."""
    spare: Someone
    """A stranger who has not texted yet."""

    @property
    def pushed(self) -> dict[str, int]:
        """The outcomes of a push of what the texters did."""
        counts: Counter[str] = Counter()
        for part in self.texters:
            counts[part.outcome] += part.count
        return dict(counts)

    @property
    def everybody(self) -> tuple[Part, ...]:
        """Each part, in the order of appearance."""
        return (*self.texters, *self.records, self.ticked_again)


def choose_cast(kinds: Mapping[str, Any]) -> Cast:
    """Give the parts to people of the seed, nobody two of them; `kinds` as the seed answers."""
    waiting = {
        kind: iter([Someone(**{name: person.get(name, "") for name in _NAMES}) for person in shown["people"]])
        for kind, shown in kinds.items()
    }
    waiting[STRANGERS] = (_stranger(number) for number in itertools.count())

    def give(part: Part) -> Part:
        people = tuple(itertools.islice(waiting[part.kind], part.count))
        if len(people) < part.count:
            raise DemoError(f"the seed has too few people of the kind {part.kind}")
        return replace(part, people=people)

    texters = tuple(give(part) for part in TEXTERS)
    (stopped,) = (part for part in texters if part.act is Act.STOP and part.ends_as.has_id)
    again = replace(
        stopped,
        who="those who have just texted STOP",
        act=Act.TICK,
        count=TICKED_AGAIN,
        ends_as=_STAYS_OUT,
        people=stopped.people[:TICKED_AGAIN],
    )
    records = tuple(give(part) for part in RECORDS)
    newcomers = tuple(itertools.islice(waiting[_NEWCOMERS], 1))
    return Cast(texters, records, again, newcomers, spare=next(waiting[STRANGERS]))


def _stranger(number: int) -> Someone:
    return Someone(phone=phone_at(_FIRST_STRANGER + number), email=f"stranger.{number}@example.org")
