from dataclasses import replace
from typing import Any

import phonenumbers
import pytest

from anmc_simulators.invented import KINDS, phone_at
from anmc_simulators.seed import COMPANY_KEY, GROUP_KEY, MAX_PEOPLE, OPT_IN_FIELD, TOKEN, seed
from anmc_simulators.simulation import Simulation


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


def test_numbers_are_valid_unique_and_of_nobody() -> None:
    numbers = [phone_at(place) for place in range(0, MAX_PEOPLE, 101)]

    assert len(set(numbers)) == len(numbers)
    assert all(number[4:7] == "555" for number in numbers)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}")) for number in numbers)


def test_a_small_seed_stays_within_the_numbers_of_fiction() -> None:
    assert all(phone_at(place)[4:9] == "55501" for place in range(30_000))
