"""A person in a page and a person alone say the same."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from anmc_simulators.action_network.people import page_text, to_json, to_text
from anmc_simulators.action_network.person import Address, Person
from anmc_simulators.action_network.switches import ActionNetworkSwitches, Identifiers, NoEmail, NoPhone

THEN = datetime(2026, 1, 31, 10, 15, 42, tzinfo=UTC)

people = st.builds(
    Person,
    st.text(min_size=1),
    st.just(0),
    st.just(THEN),
    st.just(THEN),
    given_name=st.text(),
    family_name=st.text(),
    email=st.text(),
    phone=st.text(),
    address=st.builds(Address, locality=st.text(), postal_code=st.text()),
    custom_fields=st.dictionaries(st.text(), st.text()),
)
settings = st.builds(
    ActionNetworkSwitches,
    identifiers=st.sampled_from(Identifiers),
    no_email=st.sampled_from(NoEmail),
    no_phone=st.sampled_from(NoPhone),
)
bases = st.sampled_from(["http://action-network.example.org/api/v2", 'http://"@\\/api/v2'])


@given(st.lists(people, max_size=3), bases, settings)
def test_the_text_of_a_page_holds_everybody_as_json(
    found: list[Person], base: str, switches: ActionNetworkSwitches
) -> None:
    text = page_text({"page": 1}, [to_text(person, base=base, settings=switches) for person in found])

    assert json.loads(text) == {
        "page": 1,
        "_embedded": {"osdi:people": [to_json(person, base=base, settings=switches) for person in found]},
    }
