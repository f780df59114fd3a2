"""Invented people as Action Network has them."""

from collections.abc import Mapping
from typing import Final

from typing_extensions import override

from anmc_simulators.action_network.index import SeededPeople
from anmc_simulators.action_network.person import SUBSCRIBED, UNSUBSCRIBED, Address, Field, Person
from anmc_simulators.action_network.state import TICKED, UNTICKED
from anmc_simulators.census import Cohort
from anmc_simulators.invented import Box, place_of_email, place_of_id, place_of_phone

_PREFIX: Final = "action_network:"


class InventedPeople(SeededPeople):
    """The people of a cohort at the positions of one list, with the checkbox of that name."""

    def __init__(self, cohort: Cohort, positions: range, *, opt_in_field: str) -> None:
        self._cohort = cohort
        self._positions = positions
        # Shared by everybody with the same box: a change makes another mapping.
        self._custom_fields: Mapping[Box, Mapping[str, str]] = {
            Box.TICKED: {opt_in_field: TICKED},
            Box.UNTICKED: {opt_in_field: UNTICKED},
            Box.ABSENT: {},
            Box.NO_PERSON: {},
        }

    @property
    @override
    def positions(self) -> range:
        return self._positions

    @override
    def at(self, position: int) -> Person:
        invented = self._cohort.at(position - self._positions.start)
        joined = self._cohort.joined(invented.days_known)
        return Person(
            invented.id,
            position,
            joined,
            joined,
            given_name=invented.given_name,
            family_name=invented.family_name,
            email=invented.email,
            email_status=SUBSCRIBED,
            phone=invented.phone,
            sms_status=SUBSCRIBED if invented.kind.is_member else UNSUBSCRIBED,
            address=Address(postal_code=invented.postal_code),
            custom_fields=self._custom_fields[invented.kind.box],
        )

    @override
    def position_of(self, field: Field, value: str) -> int | None:
        match field:
            case Field.IDENTIFIER:
                place = place_of_id(value.removeprefix(_PREFIX))
            case Field.EMAIL_ADDRESS:
                place = place_of_email(value)
            case Field.PHONE_NUMBER:
                place = place_of_phone(value)
            case _:
                return None
        offset = self._cohort.offset_of(place)
        if offset is None:
            return None
        position = self._positions[offset]
        return position if value in self.at(position).values(field) else None
