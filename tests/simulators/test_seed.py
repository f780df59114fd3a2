import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from anmc_simulators.action_network.filters import parse
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import Group
from anmc_simulators.census import take_census
from anmc_simulators.invented import KINDS, Inventor, phone_at
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.listing import Window
from anmc_simulators.mobile_commons.memberships import ACTIVATED
from anmc_simulators.seed import COMPANY_KEY, GROUP_KEY, MAX_PEOPLE, OPT_IN_FIELD, TOKEN, call_up, seed, settle
from anmc_simulators.simulation import Simulation

BYTES_PER_PERSON = 300
"""Above what lists and windows of both services take for each invented person, and a sixth of what records take."""


def snapshot(simulation: Simulation) -> tuple[Any, Any]:
    people = [
        (p.id, p.given_name, p.email, p.phone, p.custom_fields) for p in simulation.action_network.groups[GROUP_KEY]
    ]
    profiles = [
        (p.phone, p.fields, p.status) for p in simulation.mobile_commons.companies[COMPANY_KEY].profiles.values()
    ]
    return people, profiles


def seeded(people: int, *, number: int = 1) -> tuple[Simulation, dict[str, Any]]:
    simulation = Simulation()
    return simulation, seed(simulation, people=people, number=number)


def test_the_same_number_invents_the_same_people() -> None:
    assert snapshot(seeded(100)[0]) == snapshot(seeded(100)[0])
    assert snapshot(seeded(100)[0]) != snapshot(seeded(100, number=2)[0])


def test_every_kind_of_case_is_there() -> None:
    _, summary = seeded(20)

    assert {name: kind["count"] for name, kind in summary["kinds"].items()} == {
        kind.name: KINDS.count(kind) for kind in KINDS
    }


def test_the_kinds_are_what_their_names_say() -> None:
    simulation, summary = seeded(100)
    group = simulation.action_network.groups[summary["action_network"]["key"]]
    company = simulation.mobile_commons.companies[COMPANY_KEY]

    def boxes(kind: str) -> set[str | None]:
        people = [group.with_phone(person["phone"]) for person in summary["kinds"][kind]["people"]]
        return {person.custom_fields.get(OPT_IN_FIELD) if person else "nobody" for person in people}

    def statuses(kind: str) -> set[str]:
        people = summary["kinds"][kind]["people"]
        return {
            company.profiles[person["phone"]].status if person["phone"] in company.profiles else "none"
            for person in people
        }

    assert boxes("action_network_ticked") == boxes("both_linked_ticked") == {"1"}
    assert boxes("action_network_unticked") == {"0"}
    assert boxes("both_active_absent") == {None}
    assert boxes("mobile_commons_active") == {"nobody"}
    assert statuses("action_network_ticked") == {"none"}
    assert statuses("both_active_unticked") == {"Active Subscriber"}
    assert statuses("both_opted_out_ticked") == statuses("mobile_commons_opted_out") == {"Undeliverable"}
    assert all("phone" not in person for person in summary["kinds"]["action_network_ticked_without_phone"]["people"])
    assert all("email" not in person for person in summary["kinds"]["mobile_commons_active_without_email"]["people"])


def test_linked_profiles_hold_the_id_of_their_person() -> None:
    simulation, summary = seeded(20)
    profiles = simulation.mobile_commons.companies[COMPANY_KEY].profiles

    linked = summary["kinds"]["both_linked_ticked"]["people"]

    assert [profiles[person["phone"]].columns["constituent_id"].text for person in linked] == [
        person["person_id"] for person in linked
    ]


def test_the_summary_holds_credentials_that_work() -> None:
    simulation, summary = seeded(0)
    account = summary["mobile_commons"]
    service = simulation.mobile_commons

    assert service.user_by_password(account["username"], account["password"]) == service.user_by_token(TOKEN)
    company = service.companies[account["company"]]
    assert company.paths[account["opt_in_path_id"]].campaign_id == account["campaign_id"]
    assert account["constituent_id_column"] in company.columns
    assert OPT_IN_FIELD in simulation.action_network.groups[summary["action_network"]["key"]].custom_fields


def test_a_second_seed_adds_other_people_to_the_same_account() -> None:
    simulation, first = seeded(40)

    second = seed(simulation, people=40, number=1)

    people, profiles = snapshot(simulation)
    assert second["action_network"]["people"] == len(people) == 2 * first["action_network"]["people"]
    assert second["mobile_commons"]["profiles"] == len(profiles) == 2 * first["mobile_commons"]["profiles"]


def test_a_number_that_somebody_has_is_passed_over() -> None:
    simulation, _ = seeded(0)
    group = simulation.action_network.groups[GROUP_KEY]
    group.put_settled(replace(group.draft(), phone=phone_at(1)))
    before = len(group)

    summary = seed(simulation, people=20, number=1)

    assert sum(kind["count"] for kind in summary["kinds"].values()) == 20
    assert summary["action_network"]["people"] > before


def test_seeding_sends_no_text_and_no_request() -> None:
    simulation, _ = seeded(40)

    assert simulation.journal.texts == []
    assert not simulation.journal.requests


def test_more_people_than_a_process_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="the most is"):
        seeded(MAX_PEOPLE + 1)


def group_of(simulation: Simulation) -> Group:
    return simulation.action_network.groups[GROUP_KEY]


def company_of(simulation: Simulation) -> Company:
    return simulation.mobile_commons.companies[COMPANY_KEY]


def pages_of(group: Group, text: str) -> Iterator[Person]:
    number = 1
    while found := group.page(parse(text), page=number, size=25):
        yield from found
        number += 1


def test_everybody_is_found_by_id_address_and_number() -> None:
    simulation, _ = seeded(200)
    group, profiles = group_of(simulation), company_of(simulation).profiles

    for person in group:
        assert group.with_id(person.id) == person
        assert group.with_email(person.email) == (person if person.email else None)
        assert group.with_phone(person.phone) == (person if person.phone else None)
    for phone, profile in zip(profiles, profiles.values(), strict=True):
        assert profiles[phone] == profile


def test_nobody_is_found_by_what_looks_invented_and_is_not() -> None:
    simulation, _ = seeded(40)
    group, profiles = group_of(simulation), company_of(simulation).profiles
    person = next(person for person in group if person.email and person.phone)

    assert group.with_phone(phone_at(40)) is None
    assert group.with_email(person.email.replace(".", ".x", 1)) is None
    assert group.with_id(f"00000000{person.id[8:]}") is None
    assert phone_at(40) not in profiles
    assert {phone_at(place) for place in range(40)} > set(profiles)


@pytest.mark.parametrize("bound", [30, 150, 399])
def test_windows_over_the_past_hold_who_came_and_who_left_in_it(bound: int) -> None:
    simulation, _ = seeded(400)
    company = company_of(simulation)
    (campaign,) = company.campaigns.values()
    since = simulation.clock.now() - timedelta(days=bound)
    text = f"{since:%Y-%m-%dT%H:%M:%SZ}"

    created = list(pages_of(group_of(simulation), f"created_date gt '{text}'"))
    updated = company.profiles.page(Window(since.timestamp()), page=1, limit=1000)
    changed = campaign.subscriptions.page(Window(since.timestamp()), page=1, limit=1000)

    assert created == [person for person in group_of(simulation) if person.created > since]
    assert updated == [profile for profile in company.profiles.values() if profile.updated_at >= since]
    assert [row.id for row in changed] == [row.id for row in campaign.subscriptions if row.changed_at >= since]


def test_what_is_done_to_an_invented_person_stays_done() -> None:
    simulation, summary = seeded(40)
    group = group_of(simulation)
    shown = summary["kinds"]["action_network_unticked"]["people"]
    ticked, moved, gone = (group.with_phone(person["phone"]) for person in shown[:3])
    assert ticked is not None
    assert moved is not None
    assert gone is not None
    before = len(group)

    group.tick(ticked, OPT_IN_FIELD)
    group.put(replace(moved, phone="12025550100"))
    group.remove(gone)

    after = group.with_id(ticked.id)
    assert after is not None
    assert after.custom_fields == {OPT_IN_FIELD: "1"}
    assert group.with_phone(moved.phone) is None
    assert (group.with_phone("12025550100") or gone).id == moved.id
    assert group.with_id(gone.id) is group.with_phone(gone.phone) is None
    assert len(group) == len(list(group)) == before - 1


def test_what_an_invented_person_does_by_phone_stays_done() -> None:
    simulation, summary = seeded(40)
    service, company = simulation.mobile_commons, company_of(simulation)
    leaver, editor, gone = (person["phone"] for person in summary["kinds"]["both_linked_ticked"]["people"][:3])
    (campaign,) = company.campaigns.values()
    since = simulation.clock.now()

    service.text_stop(leaver)
    service.edit_profile(editor, {"first_name": "Augusta"})
    del company.profiles[gone]

    assert company.profiles[leaver].status == "Undeliverable"
    assert company.profiles[editor].fields["first_name"] == "Augusta"
    assert gone not in company.profiles
    rows = campaign.subscriptions.page(Window(since.timestamp()), page=1, limit=10)
    updated = company.profiles.page(Window(since.timestamp()), page=1, limit=10)
    assert [row.profile.phone for row in rows] == [leaver]
    assert [profile.phone for profile in updated] == [editor]


def test_an_address_that_somebody_has_is_passed_over() -> None:
    simulation, _ = seeded(0)
    group = group_of(simulation)
    taken = next(one for one in map(Inventor(seed=1).at, range(20)) if one.email and one.kind.name.startswith("both"))
    group.put_settled(replace(group.draft(), email=taken.email))

    summary = seed(simulation, people=20, number=1)

    assert sum(kind["count"] for kind in summary["kinds"].values()) == 20
    assert group.with_id(taken.id) is None
    assert taken.phone not in company_of(simulation).profiles


def test_a_number_taken_while_the_census_is_under_way_is_passed_over_too() -> None:
    simulation, _ = seeded(0)
    group = group_of(simulation)

    cohort = call_up(simulation, people=20, number=1)
    census = take_census(cohort)
    newcomer = replace(group.draft(), phone=phone_at(1))
    group.put(newcomer)
    summary = settle(simulation, cohort, census)

    assert sum(kind["count"] for kind in summary["kinds"].values()) == 20
    assert group.with_phone(phone_at(1)) == newcomer
    assert phone_at(1) not in company_of(simulation).profiles


def test_people_who_come_after_a_seed_stand_behind_it() -> None:
    simulation, _ = seeded(40)
    group, company = group_of(simulation), company_of(simulation)
    person = group.put(replace(group.draft(), phone="12025550100"))
    profile = simulation.mobile_commons.text_keyword(company, "12025550100", next(iter(company.campaigns)))

    seed(simulation, people=40, number=1)

    assert [one.position for one in group] == sorted(one.position for one in group)
    ids = [int(one.id) for one in company.profiles.values()]
    assert ids == sorted(ids)
    assert person in list(group)
    assert company.profiles["12025550100"] is profile


def test_invented_people_take_next_to_no_memory() -> None:
    # What is computed once and kept, such as the area codes, is none of theirs.
    seeded(20)
    tracemalloc.start()
    try:
        simulation, _ = seeded(5_000)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert simulation.invented == 5_000
    assert size / simulation.invented < BYTES_PER_PERSON


def test_invented_people_can_be_merged_and_deleted_with_their_memberships() -> None:
    simulation, summary = seeded(40)
    company = company_of(simulation)
    (campaign,) = company.campaigns.values()
    survivor, removed, gone = (
        company.profiles[person["phone"]] for person in summary["kinds"]["both_linked_ticked"]["people"][:3]
    )
    rows, active = len(campaign.subscriptions), campaign.subscriptions.active

    company.merge(survivor, removed)
    company.remove(gone)

    assert {removed.phone, gone.phone}.isdisjoint(company.profiles)
    assert {removed.id, gone.id}.isdisjoint(row.profile.id for row in campaign.subscriptions)
    assert (len(campaign.subscriptions), campaign.subscriptions.active) == (rows - 2, active - 2)


def test_the_count_of_members_follows_what_invented_people_do() -> None:
    simulation, summary = seeded(100)
    service, company = simulation.mobile_commons, company_of(simulation)
    (campaign,) = company.campaigns.values()

    service.text_stop(summary["kinds"]["both_active_ticked"]["people"][0]["phone"])
    service.text_keyword(company, summary["kinds"]["mobile_commons_opted_out"]["people"][0]["phone"], campaign.id)
    service.text_keyword(company, "12025550100", campaign.id)

    assert campaign.subscriptions.active == sum(row.is_active for row in campaign.subscriptions) == 36


@pytest.mark.parametrize("bound", [30, 150, 399])
def test_a_window_over_activation_holds_who_joined_in_it(bound: int) -> None:
    simulation, _ = seeded(400)
    (campaign,) = company_of(simulation).campaigns.values()
    since = simulation.clock.now() - timedelta(days=bound)

    activated = campaign.subscriptions.page(Window(since.timestamp(), date=ACTIVATED), page=1, limit=1000)

    assert [row.id for row in activated] == [
        row.id for row in campaign.subscriptions if row.activated_at and row.activated_at >= since
    ]
