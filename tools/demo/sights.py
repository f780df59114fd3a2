"""What both services hold of somebody at this moment."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from demo.cast import Box, Membership, Part, Sight, Someone
from demo.simulators import Simulators

_BOXES = {"1": Box.TRUE, "0": Box.FALSE}


class Eyes:
    """Looks at people in both services; `column` holds the constituent id, `box` is the opt-in field."""

    def __init__(self, simulators: Simulators, *, column: str, box: str) -> None:
        self._simulators = simulators
        self._column = column
        self._box = box

    def see(self, parts: Iterable[Part]) -> list[tuple[Part, list[Sight]]]:
        """Look at everybody of some parts."""
        texts = Counter(text["phone"] for text in self._simulators.texts())
        return [(part, [self._see(someone, texts) for someone in part.people]) for part in parts]

    def look(self, someone: Someone) -> Sight:
        """Look at one person."""
        return self._see(someone, {})

    def members(self, people: Iterable[Someone]) -> int:
        """Count those who are members of Mobile Commons."""
        return sum(self.look(one).membership is Membership.MEMBER for one in people)

    def opted_out(self, people: Iterable[Someone]) -> set[str]:
        """Return the numbers of those who are out in Mobile Commons."""
        profiles = (self._simulators.profile(someone.phone) for someone in people if someone.phone)
        return {profile["phone"] for profile in profiles if _membership(profile) is Membership.OUT and profile}

    def _see(self, someone: Someone, texts: Mapping[str, int]) -> Sight:
        profile = self._simulators.profile(someone.phone) if someone.phone else None
        if someone.person_id:
            person = self._simulators.person(someone.person_id)
        else:
            person = self._simulators.holder(someone.phone)
        written = profile["columns"].get(self._column) if profile else None
        return Sight(
            membership=_membership(profile),
            box=self._read_box(person),
            has_id=bool(person and written == person["id"]),
            texts=texts.get(someone.phone, 0),
        )

    def _read_box(self, person: Mapping[str, Any] | None) -> Box:
        if person is None:
            return Box.NO_PERSON
        return _BOXES.get(person["custom_fields"].get(self._box, ""), Box.EMPTY)


def _membership(profile: Mapping[str, Any] | None) -> Membership:
    if profile is None:
        return Membership.UNKNOWN
    if profile["opted_out_at"]:
        return Membership.OUT
    is_active = any(row["status"] == "Active" for row in profile["subscriptions"])
    return Membership.MEMBER if is_active else Membership.NEVER
