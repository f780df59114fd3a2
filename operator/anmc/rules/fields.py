"""Which mapped values move between the two records of one human being (sync.md 4)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from anmc.api.mapping import FieldMapping
from anmc.api.names import Category, Direction, OnConflict, Reason, SyncType
from anmc.rules.decisions import FieldsPlan
from anmc.rules.hashing import Hasher
from anmc.rules.normalise import FieldKind, canonical, is_cut, kind_of, written
from anmc.rules.outcomes import Outcome
from anmc.rules.records import Person, Profile
from anmc.rules.remembered import SettledPair
from anmc.rules.states import Wish

ProfileValues = Mapping[str, str]
PersonValues = Mapping[str, str | None]

_COUNTRY: Final = "country"
"""The country of an address, under the same name in both services."""

_ADDRESS: Final = frozenset({"address_line_1", "address_line_2", "locality", "region", "postal_code"})
"""Parts of an address in Action Network that turn a country left out into US (action-network-api.md 4.1)."""


class _Rest(Enum):
    """Nothing is carried for a field."""

    SETTLE = auto()
    """Both sides are settled as they are."""
    LEAVE = auto()
    """Nothing is to be remembered either."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One mapped field: the canonical values of both sides, and whether each changed since it was settled."""

    mapping: FieldMapping
    person: str
    profile: str
    is_settled: bool
    person_changed: bool
    profile_changed: bool


def plan_fields(
    mappings: Sequence[FieldMapping],
    profile_values: ProfileValues,
    person_values: PersonValues,
    settled: Mapping[str, SettledPair],
    *,
    direction: Direction,
    hasher: Hasher,
    is_first_link: bool = False,
    newest: Direction | None = None,
    is_american: bool = True,
    missing: Sequence[FieldMapping] = (),
) -> FieldsPlan:
    """Compare both records field by field and say what this run writes.

    `direction` is that of the run; one that makes the link writes both sides. `newest` is the direction that
    carries the record modified last, None if the times are equal or unknown. `is_american` says that the number
    belongs to region US (N8). `missing` are rows that are held (F16).
    """
    moves: dict[FieldMapping, Direction] = {}
    settle: set[str] = set()
    conflicts: dict[str, Reason] = {}
    for mapping in mappings:
        field = _compare(mapping, profile_values, person_values, settled.get(mapping.field), hasher)
        match _judge(field, newest):
            case Reason() as reason:
                conflicts[mapping.field] = reason
            case _Rest.SETTLE:
                settle.add(mapping.field)
            case Direction() as winner if not _carries(mapping, winner):
                settle.add(mapping.field)  # F10
            case Direction() as winner if winner is direction or is_first_link:
                moves[mapping] = winner
                settle.add(mapping.field)
            case Direction() | _Rest.LEAVE:
                pass  # what moves the other way is left to the run of that direction
    if conflicts:  # F11: one held field holds the record
        reason = Reason.BOTH_CHANGED if Reason.BOTH_CHANGED in conflicts.values() else Reason.FIRST_LINK_DIFFERS
        return FieldsPlan(conflicts=tuple(conflicts), conflict_reason=reason)
    pulled = [mapping for mapping, winner in moves.items() if winner is Direction.PULL]
    pushed = [mapping for mapping, winner in moves.items() if winner is Direction.PUSH]
    has_country = bool(written(FieldKind.COUNTRY, person_values.get(_COUNTRY)))
    pushed, left = _split(pushed, profile_values, is_placed=is_american or has_country)
    behind = {mapping.field for mapping in left}
    notes = (
        *((Reason.COUNTRY_UNKNOWN,) if left else ()),
        *cut_notes(pulled, person_values, Direction.PULL),
        *cut_notes(pushed, profile_values, Direction.PUSH),
    )
    return FieldsPlan(
        to_profile=to_profile_values(pulled, person_values),
        to_person=_with_country(to_person_values(pushed, profile_values), person_values),
        moved=tuple(mapping.field for mapping in moves if mapping.field not in behind),
        settle=frozenset(settle - behind),
        notes=tuple(dict.fromkeys(notes)),
        missing=stuck_fields(missing, profile_values, settled, hasher),
    )


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """What a new person gets of a profile: values by API field name, fields to settle, notes."""

    values: Mapping[str, str] = field(repr=False)
    settle: frozenset[str]
    notes: tuple[Reason, ...]


def draft_person(mappings: Sequence[FieldMapping], profile_values: ProfileValues, *, is_american: bool) -> PersonDraft:
    """Say what a new person gets of a profile; `is_american` as for `plan_fields`."""
    carried, left = _split(mappings, profile_values, is_placed=is_american)
    unknown = (Reason.COUNTRY_UNKNOWN,) if left else ()
    return PersonDraft(
        values=to_person_values(carried, profile_values),
        settle=frozenset(mapping.field for mapping in carried),
        notes=(*unknown, *cut_notes(carried, profile_values, Direction.PUSH)),
    )


def _split(
    mappings: Sequence[FieldMapping], profile_values: ProfileValues, *, is_placed: bool
) -> tuple[list[FieldMapping], list[FieldMapping]]:
    """Part what goes to Action Network from parts of an address that have to stay behind (N8).

    Without a country they would become American. They stay unsettled, so that they move once there is one.
    """
    values = to_person_values(mappings, profile_values)
    is_placed = is_placed or _COUNTRY in values
    left = [] if is_placed else [row for row in mappings if row.api_field_name in _ADDRESS.intersection(values)]
    return [row for row in mappings if row not in left], left


def cut_notes(
    mappings: Sequence[FieldMapping], values: PersonValues | ProfileValues, direction: Direction
) -> tuple[Reason, ...]:
    """Say whether characters are left out of the values that a direction carries (N5)."""
    country = values.get(_COUNTRY) or ""
    for mapping in mappings:
        name = mapping.api_field_name if direction is Direction.PULL else mapping.field
        if _carries(mapping, direction) and is_cut(kind_of(mapping.field), values.get(name), country=country):
            return (Reason.CONTROL_CHARACTERS_REMOVED,)
    return ()


def _judge(  # noqa: PLR0911 - one return per row of the table
    field: _Field, newest: Direction | None
) -> Direction | Reason | _Rest:
    """Return which way the value goes, the reason of a conflict, or that nothing is carried."""
    if field.person == field.profile:
        return _Rest.SETTLE  # F2
    if field.is_settled and not field.person_changed and not field.profile_changed:
        return _Rest.LEAVE
    one_is_empty = not field.person or not field.profile
    filled = Direction.PULL if field.person else Direction.PUSH
    if not field.is_settled:
        if one_is_empty:
            return filled  # F6
        if kind_of(field.mapping.field) is FieldKind.EMAIL:
            return Direction.PULL
        return _winner(field.mapping.on_conflict, newest) or Reason.FIRST_LINK_DIFFERS  # F7
    if field.person_changed and field.profile_changed:
        # A side that was emptied has no say: the value of the other is the only change.
        return filled if one_is_empty else _winner(field.mapping.on_conflict, newest) or Reason.BOTH_CHANGED  # F5
    changed = Direction.PULL if field.person_changed else Direction.PUSH  # F3, F4
    return _Rest.SETTLE if one_is_empty and changed is not filled else changed  # F8: no empty value is carried


def _winner(on_conflict: OnConflict, newest: Direction | None) -> Direction | None:
    return {
        OnConflict.HOLD: None,
        OnConflict.ACTION_NETWORK: Direction.PULL,
        OnConflict.MOBILE_COMMONS: Direction.PUSH,
        OnConflict.NEWEST: newest,
    }[on_conflict]


def newest_record(profile: Profile, person: Person) -> Direction | None:
    """Return the direction that carries the record modified last, None if that cannot be said."""
    if profile.updated_at is None or person.modified_date is None or profile.updated_at == person.modified_date:
        return None
    return Direction.PULL if person.modified_date > profile.updated_at else Direction.PUSH


def hold_back(plan: FieldsPlan, *, wish: Wish, sync_type: SyncType) -> tuple[FieldsPlan, tuple[Outcome, ...]]:
    """Return what of a plan may be done, with the outcomes of what may not.

    `wish` is that of the person after this run. A held value stays unsettled, so that it moves once the box is
    ticked.
    """
    if plan.conflict_reason is not None:
        return FieldsPlan(), (Outcome(Category.FIELD_CONFLICT, plan.conflict_reason, plan.conflicts),)
    if wish is Wish.TRUE or sync_type is SyncType.LIBERAL:
        return plan, held_missing(plan.missing)
    if plan.moves_nothing and not plan.missing:
        return plan, ()
    held = Outcome(Category.HELD, Reason.NOT_OPTED_IN, (*plan.moved, *plan.missing))
    return FieldsPlan(settle=plan.settle.difference(plan.moved)), (held,)  # F13


def held_missing(fields: tuple[str, ...]) -> tuple[Outcome, ...]:
    """Return the outcome of values that Action Network has no field for any more; none if there are none (F16)."""
    return (Outcome(Category.HELD, Reason.FIELD_MISSING, fields),) if fields else ()


def stuck_fields(
    missing: Sequence[FieldMapping], profile_values: ProfileValues, settled: Mapping[str, SettledPair], hasher: Hasher
) -> tuple[str, ...]:
    """Return the fields of a profile that would move if Action Network still had them; rule F16.

    What the person says there cannot be read. An empty value would not move in any case (F8).
    """
    filled = [mapping for mapping in missing if _of_profile(mapping, profile_values)]
    return tuple(moved_fields(filled, profile_values, settled, hasher))


def moved_fields(
    mappings: Sequence[FieldMapping], profile_values: ProfileValues, settled: Mapping[str, SettledPair], hasher: Hasher
) -> Iterator[str]:
    """Yield the fields that a push has to look at: their values differ from what the profile had when settled."""
    for mapping in mappings:
        if mapping.is_pushed:
            value, pair = _of_profile(mapping, profile_values), settled.get(mapping.field)
            if value if pair is None else hasher.value(mapping.field, value) != pair.profile:
                yield mapping.field


def settle(
    mappings: Sequence[FieldMapping], profile: Profile, person: Person, names: Collection[str], hasher: Hasher
) -> dict[str, SettledPair]:
    """Settle fields to what both records show after the writes, whatever was sent; rule F15."""
    return {
        mapping.field: SettledPair(
            profile=hasher.value(mapping.field, _of_profile(mapping, profile.values)),
            person=hasher.value(mapping.field, _of_person(mapping, person.values)),
        )
        for mapping in mappings
        if mapping.field in names
    }


def required_fields_empty(
    mappings: Sequence[FieldMapping], values: PersonValues | ProfileValues, direction: Direction
) -> tuple[str, ...]:
    """Return the required fields that the source record of a direction lacks, by Mobile Commons name; rule F12."""
    read = _of_person if direction is Direction.PULL else _of_profile
    return tuple(
        mapping.field
        for mapping in mappings
        if mapping.required and _carries(mapping, direction) and not read(mapping, values)
    )


def to_profile_values(mappings: Sequence[FieldMapping], person_values: PersonValues) -> dict[str, str]:
    """Return a person's values as Mobile Commons takes them; the empty ones are left out (I12)."""
    country = person_values.get(_COUNTRY) or ""
    values = {
        mapping.field: written(kind_of(mapping.field), person_values.get(mapping.api_field_name), country=country)
        for mapping in mappings
        if mapping.is_pulled
    }
    return {name: value for name, value in values.items() if value}


def to_person_values(mappings: Sequence[FieldMapping], profile_values: ProfileValues) -> dict[str, str]:
    """Return a profile's values as Action Network takes them; the empty ones are left out."""
    country = profile_values.get(_COUNTRY, "")
    values = {
        mapping.api_field_name: written(kind_of(mapping.field), profile_values.get(mapping.field), country=country)
        for mapping in mappings
        if mapping.is_pushed
    }
    return {name: value for name, value in values.items() if value}


def _with_country(to_person: dict[str, str], person_values: PersonValues) -> dict[str, str]:
    """Send the person's country with any other part of an address, which would turn it into US (N8)."""
    country = written(FieldKind.COUNTRY, person_values.get(_COUNTRY))
    if country and _COUNTRY not in to_person and not _ADDRESS.isdisjoint(to_person):
        return {**to_person, _COUNTRY: country}
    return to_person


def _compare(
    mapping: FieldMapping,
    profile_values: ProfileValues,
    person_values: PersonValues,
    pair: SettledPair | None,
    hasher: Hasher,
) -> _Field:
    profile, person = _of_profile(mapping, profile_values), _of_person(mapping, person_values)
    return _Field(
        mapping=mapping,
        person=person,
        profile=profile,
        is_settled=pair is not None,
        person_changed=pair is not None and hasher.value(mapping.field, person) != pair.person,
        profile_changed=pair is not None and hasher.value(mapping.field, profile) != pair.profile,
    )


def _carries(mapping: FieldMapping, direction: Direction) -> bool:
    return mapping.is_pulled if direction is Direction.PULL else mapping.is_pushed


def _of_profile(mapping: FieldMapping, values: PersonValues | ProfileValues) -> str:
    return _canonical(mapping, values.get(mapping.field), values.get(_COUNTRY))


def _of_person(mapping: FieldMapping, values: PersonValues | ProfileValues) -> str:
    return _canonical(mapping, values.get(mapping.api_field_name), values.get(_COUNTRY))


def _canonical(mapping: FieldMapping, value: str | None, country: str | None) -> str:
    return canonical(kind_of(mapping.field), value, country=country or "")
