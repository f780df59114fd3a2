"""Which mapped field moves where: a three-way compare with what was settled last (sync.md 4)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from anmc.api.mapping import FieldMapping
from anmc.api.names import Direction, MappingDirection, OnConflict, Reason
from anmc.rules.decisions import FieldsPlan
from anmc.rules.hashing import Hasher
from anmc.rules.normalise import FieldKind, canonical, kind_of, written
from anmc.rules.records import Person, Profile
from anmc.rules.remembered import SettledPair

ProfileValues = Mapping[str, str]
PersonValues = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class _Sides:
    """One field as both sides hold it, canonical and as it would be written."""

    person: str
    profile: str
    for_profile: str
    for_person: str


@dataclass(slots=True)
class _Draft:
    to_profile: dict[str, str]
    to_person: dict[str, str]
    settle: set[str]
    conflicts: dict[str, Reason]


def plan_fields(
    mappings: Sequence[FieldMapping],
    profile_values: ProfileValues,
    person_values: PersonValues,
    settled: Mapping[str, SettledPair],
    *,
    direction: Direction,
    hasher: Hasher,
) -> FieldsPlan:
    """Plan the data writes of a linked pair; rules F2 to F8, F10 and F11.

    `direction` is that of the run. A field that has never been settled fills the empty side in either; a change
    travels in its own direction only.
    """
    draft = _Draft({}, {}, set(), {})
    for mapping in mappings:
        sides = _sides(mapping, profile_values, person_values)
        pair = settled.get(mapping.field)
        if sides.person == sides.profile:
            draft.settle.add(mapping.field)  # F2
        elif pair is None:
            _plan_first(mapping, sides, draft)
        else:
            _plan_change(mapping, sides, pair, draft, direction=direction, hasher=hasher)
    if draft.conflicts:  # F11: a conflict under Hold blocks every data write of the record
        return FieldsPlan(conflicts=tuple(draft.conflicts), conflict_reason=next(iter(draft.conflicts.values())))
    return FieldsPlan(to_profile=draft.to_profile, to_person=draft.to_person, settle=frozenset(draft.settle))


def settle(
    mappings: Sequence[FieldMapping], profile: Profile, person: Person, names: Collection[str], hasher: Hasher
) -> dict[str, SettledPair]:
    """Settle fields to what both records show after the writes, whatever was sent; rule F15."""
    pairs = {}
    for mapping in mappings:
        if mapping.field in names:
            sides = _sides(mapping, profile.values, person.values)
            pairs[mapping.field] = SettledPair(
                profile=hasher.value(mapping.field, sides.profile), person=hasher.value(mapping.field, sides.person)
            )
    return pairs


def required_fields_empty(
    mappings: Sequence[FieldMapping], values: PersonValues | ProfileValues, direction: Direction
) -> tuple[str, ...]:
    """Return the required fields that the source record of a direction lacks; rule F12."""
    is_pull = direction is Direction.PULL
    forbidden = MappingDirection.PUSH if is_pull else MappingDirection.PULL
    return tuple(
        mapping.field
        for mapping in mappings
        if mapping.required
        and mapping.direction is not forbidden
        and not canonical(kind_of(mapping.field), values.get(mapping.api_field_name if is_pull else mapping.field))
    )


def values_for_profile(mappings: Sequence[FieldMapping], values: PersonValues) -> dict[str, str]:
    """Return what a profile created from a person holds; empty values are left out (I12)."""
    sides = {
        mapping.field: _sides(mapping, {}, values).for_profile
        for mapping in mappings
        if mapping.direction is not MappingDirection.PUSH
    }
    return {name: value for name, value in sides.items() if value}


def values_for_person(mappings: Sequence[FieldMapping], values: ProfileValues) -> dict[str, str]:
    """Return what a person created from a profile holds; empty values are left out (I12)."""
    sides = {
        mapping.api_field_name: _sides(mapping, values, {}).for_person
        for mapping in mappings
        if mapping.direction is not MappingDirection.PULL
    }
    return {name: value for name, value in sides.items() if value}


def differs_from_settled(
    mappings: Sequence[FieldMapping], values: ProfileValues, settled: Mapping[str, SettledPair], hasher: Hasher
) -> bool:
    """Whether a linked profile holds something that was not settled so: then the person is worth a read (P17)."""
    return any(
        mapping.direction is not MappingDirection.PULL
        and (pair := settled.get(mapping.field)) is not None
        and hasher.value(mapping.field, _sides(mapping, values, {}).profile) != pair.profile
        for mapping in mappings
    )


def _plan_first(mapping: FieldMapping, sides: _Sides, draft: _Draft) -> None:
    """Settle a field for the first time; rules F6 and F7."""
    if not sides.profile:
        _to_profile(mapping, sides, draft)
    elif not sides.person:
        _to_person(mapping, sides, draft)
    elif kind_of(mapping.field) is FieldKind.EMAIL:  # the e-mail is Action Network's
        _to_profile(mapping, sides, draft)
    else:
        _decide_conflict(mapping, sides, draft, Reason.FIRST_LINK_DIFFERS)


def _plan_change(
    mapping: FieldMapping, sides: _Sides, pair: SettledPair, draft: _Draft, *, direction: Direction, hasher: Hasher
) -> None:
    """Carry what changed since the field was settled; rules F3 to F5. An empty value is never carried (F8)."""
    person_changed = bool(sides.person) and hasher.value(mapping.field, sides.person) != pair.person
    profile_changed = bool(sides.profile) and hasher.value(mapping.field, sides.profile) != pair.profile
    if person_changed and profile_changed:
        _decide_conflict(mapping, sides, draft, Reason.BOTH_CHANGED)
    elif person_changed and direction is Direction.PULL:
        _to_profile(mapping, sides, draft)
    elif profile_changed and direction is Direction.PUSH:
        _to_person(mapping, sides, draft)


def _decide_conflict(mapping: FieldMapping, sides: _Sides, draft: _Draft, reason: Reason) -> None:
    """Let `onConflict` choose; Newest is held until both records' times are compared; rule F5."""
    if mapping.on_conflict is OnConflict.ACTION_NETWORK:
        _to_profile(mapping, sides, draft)
    elif mapping.on_conflict is OnConflict.MOBILE_COMMONS:
        _to_person(mapping, sides, draft)
    else:
        draft.conflicts[mapping.field] = reason


def _to_profile(mapping: FieldMapping, sides: _Sides, draft: _Draft) -> None:
    if mapping.direction is not MappingDirection.PUSH:
        draft.to_profile[mapping.field] = sides.for_profile
    draft.settle.add(mapping.field)  # F10: a forbidden write settles both sides as they are


def _to_person(mapping: FieldMapping, sides: _Sides, draft: _Draft) -> None:
    if mapping.direction is not MappingDirection.PULL:
        draft.to_person[mapping.api_field_name] = sides.for_person
    draft.settle.add(mapping.field)


def _sides(mapping: FieldMapping, profile_values: ProfileValues, person_values: PersonValues) -> _Sides:
    kind = kind_of(mapping.field)
    of_person, of_profile = person_values.get(mapping.api_field_name), profile_values.get(mapping.field)
    person_country, profile_country = person_values.get("country") or "", profile_values.get("country") or ""
    return _Sides(
        person=canonical(kind, of_person, country=person_country),
        profile=canonical(kind, of_profile, country=profile_country),
        for_profile=written(kind, of_person, country=person_country),
        for_person=written(kind, of_profile, country=profile_country),
    )
