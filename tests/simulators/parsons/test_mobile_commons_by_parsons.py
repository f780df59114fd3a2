from typing import Any

import pytest

from support.parsons_process import Connector, Parsons, ParsonsRaised
from support.simulators import ID_COLUMN, Account, Record, Simulators

FAR_FUTURE = "2099-01-01"


def held(account: Account, phone: str) -> Record:
    profile = account.profile(phone)
    assert profile is not None
    return profile


def as_element(time: str | None) -> str | None:
    """Return a time of the control API as elements word it (mobile-commons-api.md 3.2)."""
    return time and time.replace("T", " ").replace("Z", " UTC")


def shown(profile: Record) -> dict[str, Any]:
    """Return what the control API says of a profile, under the names that Parsons gives it."""
    fields = profile["fields"]
    return {
        "id": profile["id"],
        "phone_number": profile["phone"],
        "status": profile["status"],
        "created_at": as_element(profile["created_at"]),
        "updated_at": as_element(profile["updated_at"]),
        "opted_out_at": as_element(profile["opted_out_at"]),
        "opted_out_source": profile["opted_out_source"],
        **{name: fields.get(name) for name in ("first_name", "last_name", "email")},
        **{f"address_{name}": fields.get(name) for name in ("street1", "city", "state", "postal_code", "country")},
    }


class TestReading:
    def test_every_profile_is_there_once(self, parsons: Parsons, invented: Record) -> None:
        commons = invented["mobile_commons"]

        profiles = parsons.mobile_commons(token=commons["token"], company=commons["company"]).call("get_profiles")

        assert len({profile["id"] for profile in profiles}) == len(profiles) == commons["profiles"] > 1000

    def test_every_subscriber_is_there_once(self, parsons: Parsons, invented: Record, simulators: Simulators) -> None:
        commons = invented["mobile_commons"]
        summary = simulators.get("/mobile-commons/summary") or {}
        (company,) = [one for one in summary["companies"] if one["key"] == commons["company"]]
        (campaign,) = company["campaigns"]

        rows = parsons.mobile_commons(token=commons["token"], company=commons["company"]).call(
            "get_campaign_subscribers", campaign_id=campaign["id"]
        )

        left = [row for row in rows if row["opted_out_at"]]
        assert len({row["id"] for row in rows}) == len(rows) > 1000
        assert campaign["by_status"] == {"Active": len(rows) - len(left), "Opted-Out": len(left)}

    def test_profiles_are_as_the_service_holds_them(self, mobile_commons: Connector, account: Account) -> None:
        account.text_keyword("12025550123", first_name="Zoë", email="zoe@example.org", city="Washington", country="US")
        account.text_keyword("12025550124", last_name="O'Brien & Sons")
        account.text_stop("12025550124")

        profiles = mobile_commons.call("get_profiles")

        for profile, phone in zip(profiles, ["12025550123", "12025550124"], strict=True):
            assert shown(held(account, phone)).items() <= profile.items()
            assert (profile["source_type"], profile["source_name"]) == ("Keyword", "JOIN")

    def test_columns_and_subscriptions_come_on_request(self, mobile_commons: Connector, account: Account) -> None:
        account.text_keyword("12025550123")
        mobile_commons.call("create_profile", phone="12025550123", custom_column_values={ID_COLUMN: "abc"})

        (plain,) = mobile_commons.call("get_profiles")
        (full,) = mobile_commons.call("get_profiles", include_custom_columns=True, include_subscriptions=True)

        column, subscription = full["custom_columns"]["custom_column"], full["subscriptions"]["subscription"]
        assert (column["name"], column[""]) == (ID_COLUMN, "abc")
        assert (subscription["campaign_id"], subscription["status"]) == (account.campaign, "Active")
        assert plain.keys() == full.keys() - {"custom_columns", "subscriptions"}

    def test_profiles_are_found_by_their_numbers(self, mobile_commons: Connector, account: Account) -> None:
        for phone in ("12025550123", "12025550124", "12025550125"):
            account.text_keyword(phone)

        profiles = mobile_commons.call("get_profiles", phones=["12025550123", "12025550125", "12025550126"])

        assert [profile["phone_number"] for profile in profiles] == ["12025550123", "12025550125"]

    def test_a_window_holds_what_was_changed_in_it(self, mobile_commons: Connector, account: Account) -> None:
        account.text_keyword("12025550123")
        today = held(account, "12025550123")["updated_at"][:10]

        since_today = mobile_commons.call("get_profiles", first_date=today, last_date=FAR_FUTURE)
        with pytest.raises(ParsonsRaised, match="KeyError: 'profile'"):  # how Parsons takes a page with nobody on it
            mobile_commons.call("get_profiles", first_date=FAR_FUTURE)

        assert [profile["phone_number"] for profile in since_today] == ["12025550123"]

    def test_a_limit_is_kept(self, mobile_commons: Connector, account: Account) -> None:
        for phone in ("12025550123", "12025550124", "12025550125"):
            account.text_keyword(phone)

        profiles = mobile_commons.call("get_profiles", limit=2)

        assert [profile["phone_number"] for profile in profiles] == ["12025550123", "12025550124"]
        assert account.operations() == ["list_profiles"]

    def test_subscribers_show_who_joined_and_who_left(self, mobile_commons: Connector, account: Account) -> None:
        for phone in ("12025550123", "12025550124"):
            account.text_keyword(phone)
        account.text_stop("12025550124")

        rows = mobile_commons.call("get_campaign_subscribers", campaign_id=account.campaign)

        for row, phone in zip(rows, ["12025550123", "12025550124"], strict=True):
            profile = held(account, phone)
            (subscription,) = profile["subscriptions"]
            assert row == {
                "id": subscription["id"],
                "profile_id": profile["id"],
                "phone_number": phone,
                "activated_at": as_element(subscription["activated_at"]),
                "opted_out_at": as_element(subscription["opted_out_at"]),
            }

    def test_subscribers_of_one_path_leave_out_the_others(self, mobile_commons: Connector, account: Account) -> None:
        account.text_keyword("12025550123")
        mobile_commons.call("create_profile", phone="12025550124", opt_in_path_id=account.path)

        rows = mobile_commons.call(
            "get_campaign_subscribers", campaign_id=account.campaign, opt_in_path_id=account.path
        )

        assert [row["phone_number"] for row in rows] == ["12025550124"]

    def test_campaigns_come_with_their_paths(self, mobile_commons: Connector, account: Account) -> None:
        # Parsons has no method for campaigns; this is how its own methods ask and read.
        answer = mobile_commons.call(
            "_parse_get_request",
            endpoint="campaigns",
            params={"company": account.company, "include_opt_in_paths": 1},
        )

        campaign = answer["response"]["campaigns"]["campaign"]
        assert (campaign["id"], campaign["active"]) == (account.campaign, "true")
        assert campaign["opt_in_paths"]["opt_in_path"]["id"] == account.path

    def test_a_wrong_token_is_refused(self, parsons: Parsons, account: Account) -> None:
        with pytest.raises(ParsonsRaised, match="HTTPError: Code: 401"):
            parsons.mobile_commons(token="revoked", company=account.company).call("get_profiles")

    def test_a_429_is_an_error(self, mobile_commons: Connector, simulators: Simulators) -> None:
        fault = {"service": "mobile-commons", "operation": "list_profiles", "status": 429, "times": 1}
        simulators.post("/faults", fault)

        with pytest.raises(ParsonsRaised, match="HTTPError: Code: 429"):
            mobile_commons.call("get_profiles")


class TestWriting:
    def test_a_profile_is_created(self, mobile_commons: Connector, account: Account) -> None:
        answer = mobile_commons.call(
            "create_profile",
            phone="(202) 555-0123",
            first_name="Zoë",
            last_name="O'Brien & Sons",
            addressline1="1 Sample St",
            city="Washington",
            state="DC",
            zip="20001",
            custom_column_values={ID_COLUMN: "abc"},
        )

        profile = held(account, "12025550123")
        assert answer == profile["id"]
        assert profile["fields"] == {
            "first_name": "Zoë",
            "last_name": "O'Brien & Sons",
            "street1": "1 Sample St",
            "city": "Washington",
            "state": "DC",
            "postal_code": "20001",
        }
        assert profile["columns"] == {ID_COLUMN: "abc"}
        assert profile["subscriptions"] == account.texts() == []

    def test_a_second_call_changes_what_it_names(self, mobile_commons: Connector, account: Account) -> None:
        created = mobile_commons.call("create_profile", phone="12025550123", first_name="Ada", city="Washington")

        updated = mobile_commons.call("create_profile", phone="2025550123", first_name="Zoë")

        assert updated == created
        assert held(account, "12025550123")["fields"] == {"first_name": "Zoë", "city": "Washington"}

    def test_a_path_subscribes_and_texts_once(self, mobile_commons: Connector, account: Account) -> None:
        for _ in range(2):
            mobile_commons.call("create_profile", phone="12025550123", opt_in_path_id=account.path)

        (subscription,) = held(account, "12025550123")["subscriptions"]
        assert (subscription["campaign_id"], subscription["opt_in_path_id"]) == (account.campaign, account.path)
        assert subscription["status"] == "Active"
        assert account.texts() == ["12025550123"]

    def test_a_path_brings_nobody_back_who_left(self, mobile_commons: Connector, account: Account) -> None:
        account.text_keyword("12025550123")
        account.text_stop("12025550123")

        answer = mobile_commons.call("create_profile", phone="12025550123", opt_in_path_id=account.path)

        profile = held(account, "12025550123")
        assert answer == profile["id"]
        assert (profile["status"], account.subscriptions("12025550123")) == ("Undeliverable", ["Opted-Out"])
        assert account.texts() == []

    @pytest.mark.parametrize("everywhere", [pytest.param(True, id="all"), pytest.param(False, id="one")])
    def test_an_opt_out_ends_the_membership(
        self, *, mobile_commons: Connector, account: Account, everywhere: bool
    ) -> None:
        account.text_keyword("12025550123")
        campaign = {} if everywhere else {"campaign_id": account.campaign}

        # Parsons has no method for opt-outs; this is how its own methods write and read the answer.
        answer = mobile_commons.call(
            "_mc_post_request",
            endpoint="profile_opt_out",
            params={"company": account.company, "phone_number": "12025550123", **campaign},
        )

        profile = held(account, "12025550123")
        assert answer["profile"]["id"] == profile["id"]
        assert answer["profile"]["subscriptions"]["subscription"]["status"] == "Opted-Out"
        assert account.subscriptions("12025550123") == ["Opted-Out"]
        assert (profile["opted_out_source"] == "Opt-out from API") is everywhere

    def test_a_number_that_cannot_be_is_refused(self, mobile_commons: Connector, account: Account) -> None:
        with pytest.raises(ParsonsRaised, match=r"HTTPError: .*'id': '5', 'message': 'Invalid phone number'"):
            mobile_commons.call("create_profile", phone="12")

        assert account.operations() == ["update_profile"]
