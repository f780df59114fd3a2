from datetime import timedelta

import pytest

from support.parsons_process import Connector, Parsons, ParsonsRaised
from support.simulators import BOX, TICKED, UNTICKED, Account, Record, Simulators

NOBODY = "00000000-0000-4000-8000-000000000000"
INDEX_LAG = timedelta(seconds=5)
"""More than any filter of the simulator trails the writes by (action-network-api.md 15)."""


def content(person: Record) -> Record:
    """Return a person without the links, which the control API words in its own way."""
    return {name: value for name, value in person.items() if name not in {"id", "_links"}}


def id_of(person: Record) -> str:
    (identifier,) = person["identifiers"]
    return str(identifier).removeprefix("action_network:")


def let_filters_catch_up(simulators: Simulators) -> None:
    simulators.post("/clock", {"advance_seconds": INDEX_LAG.total_seconds()})


class TestReading:
    def test_people_of_several_pages_are_as_the_service_holds_them(
        self, action_network: Connector, account: Account
    ) -> None:
        added = [account.add_person(email=f"ada-{number}@example.org", given_name="Ada") for number in range(51)]

        people = action_network.call("get_people")

        assert [content(person) for person in people] == [content(account.person(person)) for person in added]
        assert account.operations() == ["list_people"] * 4

    def test_a_list_without_people_ends_at_once(self, action_network: Connector, account: Account) -> None:
        assert action_network.call("get_people") == []
        assert account.operations() == ["list_people"]

    def test_a_limit_ends_the_walk_early(self, action_network: Connector, account: Account) -> None:
        added = [account.add_person(email=f"ada-{number}@example.org") for number in range(30)]

        people = action_network.call("get_people", limit=3)

        assert [id_of(person) for person in people] == added[:3]

    def test_one_page_comes_with_its_links(self, action_network: Connector, account: Account) -> None:
        added = [account.add_person(email=f"ada-{number}@example.org") for number in range(26)]

        page = action_network.call("get_people", page=2)

        assert (page["page"], page["per_page"]) == (2, 25)
        assert [id_of(person) for person in page["_embedded"]["osdi:people"]] == added[25:]
        assert page["_links"]["next"]["href"].endswith("/api/v2/people?page=3")
        assert page["_links"]["previous"]["href"].endswith("/api/v2/people?page=1")

    @pytest.mark.parametrize(
        "wanted",
        [
            pytest.param("email_address eq 'o''ada+sms@example.org'", id="address"),
            pytest.param("phone_number eq '12025550123'", id="number"),
            pytest.param("given_name eq 'Ada' and family_name eq 'Example'", id="two-names"),
            pytest.param("postal_code eq '20001'", id="postal-code"),
        ],
    )
    def test_a_filter_finds_whom_it_names(
        self, action_network: Connector, account: Account, simulators: Simulators, wanted: str
    ) -> None:
        ada = account.add_person(
            email="o'ada+sms@example.org",
            phone="12025550123",
            given_name="Ada",
            family_name="Example",
            postal_code="20001",
        )
        account.add_person(email="ben@example.org", phone="12025550124", given_name="Ada", postal_code="20002")
        let_filters_catch_up(simulators)

        found = action_network.call("get_people", filter=wanted)

        assert [id_of(person) for person in found] == [ada]

    def test_a_window_finds_what_was_changed_in_it(
        self, action_network: Connector, account: Account, simulators: Simulators
    ) -> None:
        earlier, later = (account.add_person(email=f"{name}@example.org") for name in ("ada", "ben"))
        let_filters_catch_up(simulators)
        action_network.call("update_person", entry_id=later, given_name="Ben")
        let_filters_catch_up(simulators)
        start = account.person(earlier)["modified_date"]

        found = action_network.call("get_people", filter=f"modified_date gt '{start}'")

        assert [id_of(person) for person in found] == [later]

    def test_one_person_is_read_by_id(self, action_network: Connector, account: Account) -> None:
        ada = account.add_person(box=TICKED, email="ada@example.org", phone="12025550123", locality="Washington")

        person = action_network.call("get_person", person_id=ada)

        assert content(person).items() <= account.person(ada).items()
        assert person["custom_fields"] == {BOX: TICKED}

    def test_somebody_unknown_is_not_found(self, action_network: Connector) -> None:
        with pytest.raises(ParsonsRaised, match=r"HTTPError: Code: 404; .*Couldn't find person with id = "):
            action_network.call("get_person", person_id=NOBODY)

    def test_custom_fields_are_listed(self, action_network: Connector) -> None:
        listed = action_network.call("get_custom_fields")

        assert [field["name"] for field in listed["action_network:custom_fields"]] == [BOX]

    def test_a_wrong_key_is_refused(self, parsons: Parsons) -> None:
        with pytest.raises(ParsonsRaised, match=r"HTTPError: Code: 403; .*API Key invalid or not present"):
            parsons.action_network(key="revoked-key").call("get_people")

    def test_a_429_is_an_error(self, action_network: Connector, simulators: Simulators) -> None:
        fault = {"service": "action-network", "operation": "list_people", "status": 429, "times": 1}
        simulators.post("/faults", fault)

        with pytest.raises(ParsonsRaised, match="HTTPError: Code: 429"):
            action_network.call("get_people")


class TestWriting:
    def test_an_upsert_creates_somebody(self, action_network: Connector, account: Account) -> None:
        answer = action_network.call(
            "upsert_person",
            email_address="Ada@example.org",
            mobile_number="(202) 555-0123",
            given_name="Ada",
            family_name="Example",
            postal_addresses=[{"postal_code": "20001"}],
            sms_opt_in=TICKED,
        )

        held = account.holder("12025550123")
        assert held is not None
        assert content(answer).items() <= held.items()
        assert held["email_addresses"][0]["address"] == "ada@example.org"
        assert (held["given_name"], held["family_name"]) == ("Ada", "Example")
        assert held["postal_addresses"][0].items() >= {"postal_code": "20001", "country": "US"}.items()
        assert held["custom_fields"] == {BOX: TICKED}

    def test_a_new_number_is_no_consent_unless_the_caller_says_so(
        self, action_network: Connector, account: Account
    ) -> None:
        action_network.call("upsert_person", email_address="ada@example.org", mobile_number="12025550123")
        action_network.call(
            "upsert_person",
            email_address="ben@example.org",
            mobile_number="12025550124",
            mobile_status="subscribed",
        )

        assert sms_status(account, "12025550123") == "unsubscribed"
        assert sms_status(account, "12025550124") == "subscribed"

    def test_add_person_takes_consent_for_granted(self, action_network: Connector, account: Account) -> None:
        action_network.call("add_person", email_address="ada@example.org", mobile_number="12025550123")

        assert sms_status(account, "12025550123") == "subscribed"

    def test_an_upsert_of_a_known_address_changes_what_it_names(
        self, action_network: Connector, account: Account
    ) -> None:
        ada = account.add_person(box=TICKED, email="ada@example.org", given_name="Ada", family_name="Example")

        answer = action_network.call("upsert_person", email_address="ada@example.org", given_name="Zoë")

        held = account.person(ada)
        assert id_of(answer) == ada
        assert (held["given_name"], held["family_name"]) == ("Zoë", "Example")
        assert held["custom_fields"] == {BOX: TICKED}

    def test_an_update_changes_what_it_names(self, action_network: Connector, account: Account) -> None:
        ada = account.add_person(
            box=TICKED, email="ada@example.org", phone="12025550123", given_name="Ada", family_name="Example"
        )

        answer = action_network.call("update_person", entry_id=ada, given_name="Zoë", custom_fields={BOX: UNTICKED})

        held = account.person(ada)
        assert content(answer) == content(held)
        assert (held["given_name"], held["family_name"]) == ("Zoë", "Example")
        assert held["custom_fields"] == {BOX: UNTICKED}
        assert held["phone_numbers"][0]["number"] == "12025550123"

    @pytest.mark.parametrize("status", ["subscribed", "unsubscribed"])
    def test_a_status_alone_opts_in_and_out(self, action_network: Connector, account: Account, status: str) -> None:
        other = {"subscribed": "unsubscribed", "unsubscribed": "subscribed"}[status]
        ada = account.add_person(email="ada@example.org", phone="12025550123", sms_status=other)

        action_network.call("update_person", entry_id=ada, phone_numbers=[{"status": status}])

        assert sms_status(account, "12025550123") == status
        assert account.person(ada)["email_addresses"][0]["status"] == "subscribed"

    def test_a_number_can_be_changed(self, action_network: Connector, account: Account) -> None:
        ada = account.add_person(email="ada@example.org", phone="12025550123")

        action_network.call("update_person", entry_id=ada, phone_numbers=[{"number": "2025550124"}])

        assert account.person(ada)["phone_numbers"][0]["number"] == "12025550124"
        assert account.holder("12025550123") is None

    def test_somebody_unknown_cannot_be_changed(self, action_network: Connector) -> None:
        with pytest.raises(ParsonsRaised, match="HTTPError: Code: 404"):
            action_network.call("update_person", entry_id=NOBODY, given_name="Ada")

    def test_a_status_that_cannot_be_written_is_refused(self, action_network: Connector, account: Account) -> None:
        ada = account.add_person(email="ada@example.org", phone="12025550123")

        with pytest.raises(ParsonsRaised, match="HTTPError: Code: 400"):
            action_network.call("update_person", entry_id=ada, phone_numbers=[{"status": "bouncing"}])


def sms_status(account: Account, phone: str) -> str:
    held = account.holder(phone)
    assert held is not None
    return str(held["phone_numbers"][0]["status"])
