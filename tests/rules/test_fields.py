from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.mapping import FieldMapping
from anmc.api.names import Category, Direction, MappingDirection, OnConflict, Reason, SyncType
from anmc.rules.decisions import FieldsPlan
from anmc.rules.fields import (
    draft_person,
    hold_back,
    moved_fields,
    newest_record,
    plan_fields,
    required_fields_empty,
    settle,
    to_profile_values,
)
from anmc.rules.outcomes import Outcome
from anmc.rules.records import Person, Profile
from anmc.rules.remembered import SettledPair
from anmc.rules.states import Wish
from support.rule_builders import (
    EMAIL,
    FIRST_NAME,
    HASHER,
    LAST_NAME,
    LATER,
    NOON,
    a_mapping,
    a_person,
    a_profile,
    written_to,
    written_to_person,
)

PULL, PUSH = Direction.PULL, Direction.PUSH
NOTHING = FieldsPlan()
SETTLES = FieldsPlan(settle=frozenset({"first_name"}))


def to_mc(value: str, field: str = "first_name") -> FieldsPlan:
    return FieldsPlan(to_profile={field: value}, moved=(field,), settle=frozenset({field}))


def to_an(value: str) -> FieldsPlan:
    return FieldsPlan(to_person={"given_name": value}, moved=("first_name",), settle=frozenset({"first_name"}))


def held(reason: Reason) -> FieldsPlan:
    return FieldsPlan(conflicts=("first_name",), conflict_reason=reason)


def plan(
    person: str | None,
    profile: str,
    settled: tuple[str, str] | None = None,
    *,
    direction: Direction = PULL,
    first_link: bool = False,
    mapping: FieldMapping = FIRST_NAME,
    newest: Direction | None = None,
) -> FieldsPlan:
    """Plan one field; `settled` is what the person and the profile had when it was settled last."""
    pairs = {}
    if settled is not None:
        an, mc = (HASHER.value(mapping.field, value) for value in settled)
        pairs = {mapping.field: SettledPair(profile=mc, person=an)}
    return plan_fields(
        [mapping],
        {mapping.field: profile},
        {mapping.api_field_name: person},
        pairs,
        direction=direction,
        hasher=HASHER,
        is_first_link=first_link,
        newest=newest,
    )


ANA = ("Ana", "Ana")
ONLY_PULL = a_mapping(direction=MappingDirection.PULL)
ONLY_PUSH = a_mapping(direction=MappingDirection.PUSH)
AN_WINS = a_mapping(on_conflict=OnConflict.ACTION_NETWORK)
MC_WINS = a_mapping(on_conflict=OnConflict.MOBILE_COMMONS)
NEWEST_WINS = a_mapping(on_conflict=OnConflict.NEWEST)


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        pytest.param(plan("Ana", " Ana "), SETTLES, id="F2-equal-is-settled"),
        pytest.param(plan("Anna", "Ana", ANA), to_mc("Anna"), id="F3-a-change-in-AN-goes-to-MC"),
        pytest.param(plan("Anna", "Ana", ANA, direction=PUSH), NOTHING, id="F3-in-a-pull"),
        pytest.param(plan("Ana", "Anna", ANA, direction=PUSH), to_an("Anna"), id="F4-a-change-in-MC-goes-to-AN"),
        pytest.param(plan("Ana", "Anna", ANA), NOTHING, id="F4-in-a-push"),
        pytest.param(plan("Anna", "Anne", ANA), held(Reason.BOTH_CHANGED), id="F5-hold-in-a-pull"),
        pytest.param(plan("Anna", "Anne", ANA, direction=PUSH), held(Reason.BOTH_CHANGED), id="F5-hold-in-a-push"),
        pytest.param(plan("Anna", "Anne", ANA, mapping=AN_WINS), to_mc("Anna"), id="F5-AN-wins"),
        pytest.param(plan("Anna", "Anne", ANA, mapping=MC_WINS), NOTHING, id="F5-MC-wins-in-a-push-only"),
        pytest.param(plan("Anna", "Anne", ANA, mapping=MC_WINS, direction=PUSH), to_an("Anne"), id="F5-MC-wins"),
        pytest.param(plan("Anna", "Anne", ANA, mapping=NEWEST_WINS, newest=PULL), to_mc("Anna"), id="F5-newest"),
        pytest.param(
            plan("Anna", "Anne", ANA, mapping=NEWEST_WINS), held(Reason.BOTH_CHANGED), id="F5-no-newest-is-a-conflict"
        ),
        pytest.param(plan("Anna", "Anna", ANA), SETTLES, id="F5-both-changed-to-the-same"),
        pytest.param(plan("Ana", ""), to_mc("Ana"), id="F6-a-pull-fills-MC"),
        pytest.param(plan("", "Ana"), NOTHING, id="F6-a-pull-leaves-AN-to-the-push"),
        pytest.param(plan("", "Ana", first_link=True), to_an("Ana"), id="F6-a-first-link-fills-AN-in-a-pull"),
        pytest.param(
            plan("Ana", "", direction=PUSH, first_link=True), to_mc("Ana"), id="F6-a-first-link-fills-MC-in-a-push"
        ),
        pytest.param(plan("Ana", "Anne"), held(Reason.FIRST_LINK_DIFFERS), id="F7-first-link-differs"),
        pytest.param(plan("Ana", "Anne", mapping=AN_WINS), to_mc("Ana"), id="F7-onConflict-decides"),
        pytest.param(
            plan("ana@example.org", "anne@example.org", mapping=EMAIL),
            to_mc("ana@example.org", "email"),
            id="F7-MC-takes-the-e-mail-of-AN",
        ),
        pytest.param(plan("", "Ana", ANA), SETTLES, id="F8-an-emptied-AN-value-is-not-carried"),
        pytest.param(plan(None, "Ana", ANA), SETTLES, id="F8-an-absent-key-is-not-carried"),
        pytest.param(plan("Ana", "", ANA, direction=PUSH), SETTLES, id="F8-an-emptied-MC-value-is-not-carried"),
        pytest.param(plan("Ana", "", ANA), SETTLES, id="F8-nor-is-it-filled-again"),
        pytest.param(
            plan("", "Anne", ANA, direction=PUSH),
            to_an("Anne"),
            id="F8-beside-an-emptied-value-the-other-is-the-change",
        ),
        pytest.param(plan("Anna", "", ANA), to_mc("Anna"), id="F8-the-other-way-round"),
        pytest.param(plan("Ana", "Anne", ("Ana", "Anne")), NOTHING, id="F1-settled-differently-stays-so"),
        pytest.param(plan("Anna", "Ana", ANA, mapping=ONLY_PUSH), SETTLES, id="F10-direction-push-forbids-F3"),
        pytest.param(
            plan("Ana", "Anna", ANA, mapping=ONLY_PULL, direction=PUSH), SETTLES, id="F10-direction-pull-forbids-F4"
        ),
        pytest.param(plan("", "Ana", mapping=ONLY_PULL, first_link=True), SETTLES, id="F10-nor-a-fill"),
    ],
)
def test_a_field_moves_as_the_table_says(planned: FieldsPlan, expected: FieldsPlan) -> None:
    assert planned == expected


@pytest.mark.rule("F11")
def test_f11_one_held_field_holds_the_record() -> None:
    pairs = settle([FIRST_NAME], a_profile(first_name="Ana"), a_person(given_name="Ana"), ["first_name"], HASHER)

    planned = plan_fields(
        [FIRST_NAME, LAST_NAME],
        {"first_name": "Anne", "last_name": ""},
        {"given_name": "Anna", "family_name": "Silva"},
        pairs,
        direction=PULL,
        hasher=HASHER,
    )

    assert planned == held(Reason.BOTH_CHANGED)


def test_n8_a_part_of_an_address_travels_with_the_country_of_the_person() -> None:
    city = FieldMapping(field="city", api_field_name="locality")

    planned = plan_fields(
        [city], {"city": "Toronto"}, {"country": "CA"}, {}, direction=PUSH, hasher=HASHER, is_first_link=True
    )

    assert planned.to_person == {"locality": "Toronto", "country": "CA"}


CITY = FieldMapping(field="city", api_field_name="locality")
COUNTRY = FieldMapping(field="country", api_field_name="country")


@pytest.mark.parametrize(
    ("profile", "person", "is_american", "to_person", "notes"),
    [
        pytest.param({"city": "Reno"}, {}, True, {"locality": "Reno"}, (), id="an-american-number"),
        pytest.param({"city": "Toronto"}, {}, False, {}, (Reason.COUNTRY_UNKNOWN,), id="a-foreign-number"),
        pytest.param(
            {"city": "Toronto", "first_name": "Ana"},
            {"country": "\N{SYMBOL FOR NULL}"},
            False,
            {"given_name": "Ana"},
            (Reason.COUNTRY_UNKNOWN,),
            id="the-rest-goes",
        ),
        pytest.param(
            {"city": "Toronto", "country": "CA"},
            {},
            False,
            {"locality": "Toronto", "country": "CA"},
            (),
            id="with-its-country",
        ),
        pytest.param(
            {"city": "Toronto"},
            {"country": "CA"},
            False,
            {"locality": "Toronto", "country": "CA"},
            (),
            id="with-that-of-the-person",
        ),
    ],
)
def test_n8_an_address_without_country_stays_behind_unless_the_number_is_american(
    profile: dict[str, str],
    person: dict[str, str | None],
    to_person: dict[str, str],
    notes: tuple[Reason, ...],
    *,
    is_american: bool,
) -> None:
    planned = plan_fields(
        [FIRST_NAME, CITY, COUNTRY],
        profile,
        person,
        {},
        direction=PUSH,
        hasher=HASHER,
        is_first_link=True,
        is_american=is_american,
    )

    is_left = bool(notes)
    assert (planned.to_person, planned.notes) == (to_person, notes)
    assert ("city" not in planned.settle, "city" not in planned.moved) == (is_left, is_left)


@pytest.mark.parametrize("is_american", [True, False])
def test_n8_nor_does_a_new_person_get_it(*, is_american: bool) -> None:
    draft = draft_person([FIRST_NAME, CITY], {"first_name": "Ana", "city": "Toronto"}, is_american=is_american)

    assert ("locality" in draft.values, "city" in draft.settle) == (is_american, is_american)
    assert draft.notes == (() if is_american else (Reason.COUNTRY_UNKNOWN,))


@pytest.mark.parametrize(
    ("profile", "person", "direction", "notes"),
    [
        pytest.param("An\x00a", "", PUSH, (Reason.CONTROL_CHARACTERS_REMOVED,), id="in-a-push"),
        pytest.param("", "An\x07a", PULL, (Reason.CONTROL_CHARACTERS_REMOVED,), id="in-a-pull"),
        pytest.param("", "\x07", PULL, (), id="nothing-is-left-to-carry"),
        pytest.param("Ana", "An\x07a", PULL, (), id="nothing-moves"),
        pytest.param("", " Ana ", PULL, (), id="nothing-is-removed"),
    ],
)
def test_n5_what_is_left_out_of_a_value_is_noted(
    profile: str, person: str, direction: Direction, notes: tuple[Reason, ...]
) -> None:
    assert plan(person, profile, direction=direction).notes == notes


def test_n6_a_short_zip_is_written_padded() -> None:
    postal_code = FieldMapping(field="postal_code", api_field_name="postal_code")

    assert to_profile_values([postal_code], {"postal_code": "2134", "country": "US"}) == {"postal_code": "02134"}


@pytest.mark.parametrize(
    ("mapping", "value", "direction", "expected"),
    [
        pytest.param(a_mapping(required=True), " ", PULL, ("first_name",), id="F12-empty-after-normalising"),
        pytest.param(a_mapping(required=True), "Ana", PULL, (), id="F12-filled"),
        pytest.param(a_mapping(required=True), "", PUSH, ("first_name",), id="F12-in-the-source-of-the-push"),
        pytest.param(a_mapping(ONLY_PUSH, required=True), "", PULL, (), id="F12-not-of-this-direction"),
        pytest.param(FIRST_NAME, "", PULL, (), id="F12-not-required"),
    ],
)
def test_a_required_field_is_tested_on_the_source(
    mapping: FieldMapping, value: str, direction: Direction, expected: tuple[str, ...]
) -> None:
    name = mapping.api_field_name if direction is PULL else mapping.field

    assert required_fields_empty([mapping], {name: value}, direction) == expected


MOVES = replace(to_mc("Ana"), settle=frozenset({"first_name", "last_name"}))


@pytest.mark.parametrize(
    ("wish", "sync_type", "expected"),
    [
        pytest.param(Wish.TRUE, SyncType.CONSERVATIVE, (MOVES, ()), id="F13-opted-in"),
        pytest.param(Wish.FALSE, SyncType.LIBERAL, (MOVES, ()), id="F13-liberal"),
        pytest.param(
            Wish.UNKNOWN,
            SyncType.CONSERVATIVE,
            (
                FieldsPlan(settle=frozenset({"last_name"})),
                (Outcome(Category.HELD, Reason.NOT_OPTED_IN, ("first_name",)),),
            ),
            id="F13-conservative-holds-what-differs-and-settles-what-agrees",
        ),
    ],
)
def test_data_moves_with_a_true_wish(
    wish: Wish, sync_type: SyncType, expected: tuple[FieldsPlan, tuple[Outcome, ...]]
) -> None:
    assert hold_back(MOVES, wish=wish, sync_type=sync_type) == expected


def test_f13_nothing_is_held_where_nothing_differs() -> None:
    assert hold_back(SETTLES, wish=Wish.FALSE, sync_type=SyncType.CONSERVATIVE) == (SETTLES, ())


@pytest.mark.parametrize(
    ("profile", "person", "expected"),
    [
        pytest.param(a_profile(updated=NOON), a_person(modified=LATER), PULL, id="the-person-is-newer"),
        pytest.param(a_profile(updated=LATER), a_person(modified=NOON), PUSH, id="the-profile-is-newer"),
        pytest.param(a_profile(updated=NOON), a_person(modified=NOON), None, id="equal"),
        pytest.param(a_profile(updated=None), a_person(modified=NOON), None, id="unknown"),
    ],
)
def test_f5_the_record_modified_last(profile: Profile, person: Person, expected: Direction | None) -> None:
    assert newest_record(profile, person) is expected


@pytest.mark.parametrize(
    ("value", "settled", "mapping", "expected"),
    [
        pytest.param("Ana", "Ana", FIRST_NAME, False, id="P17-as-settled"),
        pytest.param("Anna", "Ana", FIRST_NAME, True, id="P17-changed"),
        pytest.param("", "Ana", FIRST_NAME, True, id="P17-emptied"),
        pytest.param("Anna", "Ana", ONLY_PULL, False, id="P17-not-pushed"),
        pytest.param("Ana", None, FIRST_NAME, True, id="P17-never-settled"),
        pytest.param("", None, FIRST_NAME, False, id="P17-never-settled-and-empty"),
    ],
)
def test_a_push_looks_at_what_differs_from_what_was_settled(
    value: str, settled: str | None, mapping: FieldMapping, *, expected: bool
) -> None:
    pairs = {}
    if settled is not None:
        pairs = settle([mapping], a_profile(first_name=settled), a_person(given_name=settled), [mapping.field], HASHER)

    assert any(moved_fields([mapping], {"first_name": value}, pairs, HASHER)) is expected


TEAM = FieldMapping(field="custom.team", api_field_name="custom_fields.team")


def plan_without_team(value: str, settled: str | None, mapping: FieldMapping = TEAM) -> FieldsPlan:
    """Plan a name that moves, and a team for which Action Network has no field any more."""
    pairs = {}
    if settled is not None:
        profile, person = replace(a_profile(), values={"custom.team": settled}), a_person()
        pairs = settle([mapping], profile, person, [mapping.field], HASHER)
    return plan_fields(
        [FIRST_NAME],
        {"first_name": "Ana", "custom.team": value},
        {"custom_fields.team": "what Action Network still shows"},
        pairs,
        direction=PUSH,
        hasher=HASHER,
        missing=[mapping],
    )


@pytest.mark.parametrize(
    ("value", "settled", "mapping", "missing"),
    [
        pytest.param("Blue", "Red", TEAM, ("custom.team",), id="F16-changed"),
        pytest.param("Blue", None, TEAM, ("custom.team",), id="F16-never-settled"),
        pytest.param("Blue", "Blue", TEAM, (), id="F16-as-settled"),
        pytest.param("", "Blue", TEAM, (), id="F16-emptied"),
        pytest.param("Blue", "Red", a_mapping(TEAM, direction=MappingDirection.PULL), (), id="F16-only-pulled"),
    ],
)
def test_a_field_that_vanished_moves_nowhere_and_the_others_do(
    value: str, settled: str | None, mapping: FieldMapping, missing: tuple[str, ...]
) -> None:
    assert plan_without_team(value, settled, mapping) == replace(to_an("Ana"), missing=missing)


@pytest.mark.parametrize(
    ("wish", "reason", "fields"),
    [
        pytest.param(Wish.TRUE, Reason.FIELD_MISSING, ("custom.team",), id="F16-opted-in"),
        pytest.param(Wish.FALSE, Reason.NOT_OPTED_IN, ("first_name", "custom.team"), id="F16-without-a-wish"),
    ],
)
def test_what_a_missing_field_holds_is_told(wish: Wish, reason: Reason, fields: tuple[str, ...]) -> None:
    _, outcomes = hold_back(plan_without_team("Blue", "Red"), wish=wish, sync_type=SyncType.CONSERVATIVE)

    assert outcomes == (Outcome(Category.HELD, reason, fields),)


NAMES = st.sampled_from(["", " ", "Ana", "Ben", "cai@example.org", "02134", "2134-1234", "Texas", "TX", "CA", "␀"])
FIELDS = {
    "first_name": "given_name",
    "email": "email_address",
    "state": "region",
    "postal_code": "postal_code",
    "country": "country",
    "custom.team": "custom_fields.team",
}


@st.composite
def mapping_lists(draw: st.DrawFn) -> list[FieldMapping]:
    return [
        FieldMapping(
            field=field,
            api_field_name=name,
            direction=draw(st.sampled_from(MappingDirection)),
            on_conflict=draw(st.sampled_from(OnConflict)),
        )
        for field, name in FIELDS.items()
    ]


PROFILE_VALUES = st.fixed_dictionaries(dict.fromkeys(FIELDS, NAMES))
PERSON_VALUES = st.fixed_dictionaries({}, optional={name: st.none() | NAMES for name in FIELDS.values()})
NEWEST = st.none() | st.sampled_from(Direction)


def with_values(values: dict[str, str | None]) -> Person:
    return replace(a_person(), values=values)


@st.composite
def settled_pairs(draw: st.DrawFn) -> dict[str, SettledPair]:
    """Fields that were settled at some time, on values of that time."""
    names = draw(st.sets(st.sampled_from(sorted(FIELDS))))
    profile, person = written_to(a_profile(), draw(PROFILE_VALUES)), with_values(draw(PERSON_VALUES))
    rows = [FieldMapping(field=field, api_field_name=name) for field, name in FIELDS.items()]
    return settle(rows, profile, person, names, HASHER)


@pytest.mark.rule("I10")
@given(
    mapping_lists(), PROFILE_VALUES, PERSON_VALUES, settled_pairs(), st.sampled_from(Direction), st.booleans(), NEWEST
)
def test_i10_what_was_planned_and_done_is_not_planned_again(
    mappings: list[FieldMapping],
    profile_values: dict[str, str],
    person_values: dict[str, str | None],
    settled: dict[str, SettledPair],
    direction: Direction,
    first_link: bool,  # noqa: FBT001 - hypothesis fills by position
    newest: Direction | None,
) -> None:
    profile, person, planned = written_to(a_profile(), profile_values), with_values(person_values), NOTHING

    for attempt in ("first", "second"):
        planned = plan_fields(
            mappings,
            profile.values,
            person.values,
            settled,
            direction=direction,
            hasher=HASHER,
            is_first_link=first_link and attempt == "first",
            newest=newest,
        )
        profile, person = written_to(profile, planned.to_profile), written_to_person(person, planned.to_person)
        settled = {**settled, **settle(mappings, profile, person, planned.settle, HASHER)}

    assert planned.moves_nothing


@pytest.mark.rule("I12")
@given(
    mapping_lists(), PROFILE_VALUES, PERSON_VALUES, settled_pairs(), st.sampled_from(Direction), st.booleans(), NEWEST
)
def test_i12_an_empty_value_overwrites_nothing(
    mappings: list[FieldMapping],
    profile_values: dict[str, str],
    person_values: dict[str, str | None],
    settled: dict[str, SettledPair],
    direction: Direction,
    first_link: bool,  # noqa: FBT001 - hypothesis fills by position
    newest: Direction | None,
) -> None:
    planned = plan_fields(
        mappings,
        profile_values,
        person_values,
        settled,
        direction=direction,
        hasher=HASHER,
        is_first_link=first_link,
        newest=newest,
    )

    written = [*planned.to_profile.values(), *planned.to_person.values()]
    assert all(value.strip(" ␀") for value in written)


@pytest.mark.rule("F11")
@given(mapping_lists(), PROFILE_VALUES, PERSON_VALUES, settled_pairs(), NEWEST)
def test_f11_a_plan_with_a_conflict_does_nothing_else(
    mappings: list[FieldMapping],
    profile_values: dict[str, str],
    person_values: dict[str, str | None],
    settled: dict[str, SettledPair],
    newest: Direction | None,
) -> None:
    planned = plan_fields(
        mappings, profile_values, person_values, settled, direction=PULL, hasher=HASHER, newest=newest
    )

    assert not planned.conflicts or (planned.moves_nothing and not planned.settle)
