import uuid
from collections import Counter

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc_simulators.invented import KINDS, Inventor, phone_at, place_of_email, place_of_id, place_of_phone
from anmc_simulators.seed import MAX_PEOPLE

places = st.integers(min_value=0, max_value=MAX_PEOPLE)


@given(places, st.integers())
def test_whoever_has_a_number_an_address_or_an_id_leads_to_their_place(place: int, seed: int) -> None:
    somebody = Inventor(seed=seed).at(place)

    assert place_of_id(somebody.id) == place
    assert place_of_phone(phone_at(place)) == place
    assert not somebody.email or place_of_email(somebody.email) == place


@given(places, st.integers())
def test_an_id_is_a_random_uuid_by_its_looks(place: int, seed: int) -> None:
    identity = uuid.UUID(Inventor(seed=seed).at(place).id)

    assert (identity.version, identity.variant) == (4, uuid.RFC_4122)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana@example.org",
        "ana.ruiz.07@example.org",
        "ana.ruiz.7@example.com",
        "12025540123",
        "12025550099",
        "19995550123",
        "2025550123",
        "3f1c7a52-6a54-4b7e-bd0d-2f4a8f0e1b11",
        "nobody",
    ],
)
def test_what_nobody_invented_has_no_place(text: str) -> None:
    assert place_of_phone(text) is place_of_email(text) is place_of_id(text) is None


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=0, max_value=10_000), st.integers())
def test_every_twenty_from_the_start_on_hold_each_kind_as_often_as_its_share(
    start: int, twenty: int, seed: int
) -> None:
    first = start + twenty * len(KINDS)

    slots = Inventor(seed=seed, start=start).slots(range(first, first + len(KINDS)))

    assert Counter(kind for _, kind, _ in slots) == Counter(KINDS)


def test_numbers_are_valid_unique_and_of_nobody() -> None:
    numbers = [phone_at(place) for place in range(0, MAX_PEOPLE, 501)]

    assert len(set(numbers)) == len(numbers)
    assert all(number[4:7] == "555" for number in numbers)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}")) for number in numbers)


def test_a_small_seed_stays_within_the_numbers_of_fiction() -> None:
    assert all(phone_at(place)[4:9] == "55501" for place in range(30_000))
