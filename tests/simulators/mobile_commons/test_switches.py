"""Every value of every switch of Mobile Commons, as a caller sees it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from anmc_simulators.mobile_commons.records import Profile
from anmc_simulators.mobile_commons.switches import MobileCommonsSwitches
from anmc_simulators.switches import Value, switches_of, turned

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA, BEN, CLEO, FOREIGN = "12025550123", "12025550124", "12025550125", "72025550126"
START, LATER = "2025-03-01 10:00:00 UTC", "2025-03-01 10:01:00 UTC"
JOINED, CHANGED = "2025-03-01T10:00:00Z", "2025-03-01T10:01:00Z"


@dataclass(frozen=True)
class Stage:
    account: "Account"
    wire: "Wire"

    async def profile(self, phone: str = ADA) -> Any:
        (profile,) = await self.wire.get("profile", phone_number=phone)
        return profile

    async def field(self, name: str, phone: str = ADA) -> str | None:
        text: str | None = (await self.profile(phone)).findtext(name)
        return text

    async def rows(self, **parameters: str | int) -> list[str]:
        found = await self.wire.get("campaign_subscribers", campaign_id=self.account.campaign.id, **parameters)
        return [str(number) for number in found.xpath("//sub/phone_number/text()")]

    def left(self, *, how: str) -> Profile:
        """Return a member of a minute ago who is out since this moment."""
        profile = self.account.member()
        self.account.wait(minutes=1)
        if how == "STOP":
            self.account.service.text_stop(ADA)
        else:
            self.account.company.opt_out_by_api(profile)
        return profile

    def returned(self) -> Profile:
        """Return somebody who came back by keyword a minute after a STOP."""
        profile = self.left(how="STOP")
        self.account.wait(minutes=1)
        self.account.service.text_keyword(self.account.company, ADA, self.account.campaign.id)
        return profile


Observe = Callable[[Stage], Awaitable[Any]]


def error_id(answer: Any) -> int | None:
    found = answer.xpath("error/@id")
    return int(found[0]) if found else None


async def a_wrong_token(stage: Stage) -> Any:
    answer = await stage.wire.http.get("/api/campaigns", headers={"Authorization": "Bearer wrong"})
    return answer.status_code, answer.headers.get("Content-Type", answer.headers.get("Location"))


async def a_company_of_strangers(stage: Stage) -> Any:
    answer = await stage.wire.get("campaigns", company="CO-strangers")
    return error_id(answer), len(answer.xpath("//campaign"))


async def errors_about_a_number(stage: Stage) -> Any:
    update = await stage.wire.post("profile_update", phone_number="12")
    opt_out = await stage.wire.post("profile_opt_out", phone_number=BEN)
    read = await stage.wire.get("profile", phone_number=BEN)
    return [error_id(answer) for answer in (update, opt_out, read)]


async def error_about_a_path(stage: Stage) -> Any:
    return error_id(await stage.wire.post("profile_update", phone_number=ADA, opt_in_path_id="999999"))


async def errors_about_a_campaign(stage: Stage) -> Any:
    stage.account.member()
    rows = await stage.wire.get("campaign_subscribers", campaign_id="999999")
    opt_out = await stage.wire.post("profile_opt_out", phone_number=ADA, campaign_id="999999")
    return [error_id(answer) for answer in (rows, opt_out)]


async def errors_about_the_rest(stage: Stage) -> Any:
    stage.account.member()
    window = await stage.wire.get("profiles", **{"from": "yesterday"})
    opt_out = await stage.wire.post("profile_opt_out", phone_number=ADA, subscription_id="999999")
    return [error_id(answer) for answer in (window, opt_out)]


async def rows_of_no_campaign(stage: Stage) -> Any:
    stage.account.member()
    answer = await stage.wire.get("campaign_subscribers", campaign_id="999999", include_subscriber_count=1)
    return answer.get("success"), answer.xpath("subscriptions/@num")


async def a_closed_path(stage: Stage) -> Any:
    closed = stage.account.company.add_path(stage.account.campaign, "Closed", active=False)
    answer = await stage.wire.post("profile_update", phone_number=ADA, opt_in_path_id=closed.id)
    assert stage.account.journal.texts == []
    return answer.get("success"), list(stage.account.company.profiles)


async def a_foreign_number(stage: Stage) -> Any:
    answer = await stage.wire.post("profile_update", phone_number=FOREIGN)
    return answer.get("success"), answer.findtext("profile/status")


async def an_unknown_column(stage: Stage) -> Any:
    answer = await stage.wire.post("profile_update", phone_number=ADA, novel="x", first_name="Ada")
    return answer.get("success"), "novel" in stage.account.company.columns, list(stage.account.company.profiles)


async def empty_values(stage: Stage) -> Any:
    stage.account.person(first_name="Ada", an_person_id="x")
    stage.account.wait(minutes=1)
    answer = await stage.wire.post("profile_update", phone_number=ADA, first_name="", an_person_id="")
    column = answer.xpath("//custom_column[@name='an_person_id']")[0].text
    return [
        answer.findtext("profile/first_name"),
        (column or "").strip(),
        answer.findtext("profile/updated_at"),
    ]


async def a_long_value(stage: Stage) -> Any:
    answer = await stage.wire.post("profile_update", phone_number=ADA, first_name="Ada" * 100)
    return len(answer.findtext("profile/first_name"))


async def an_emoji(stage: Stage) -> Any:
    answer = await stage.wire.post("profile_update", phone_number=ADA, first_name="Adã \U0001f33b")
    return answer.findtext("profile/first_name")


async def an_address(stage: Stage) -> Any:
    sent = {"city": "new york", "state": "ny", "country": "United States", "postal_code": "100010123"}
    answer = await stage.wire.post("profile_update", phone_number=ADA, **sent)
    return [answer.findtext(f"profile/address/{name}") for name in sent]


async def a_second_opt_in(stage: Stage) -> Any:
    stage.account.member()
    stage.account.company.leave(stage.account.member(BEN).subscriptions[stage.account.campaign.id], source="x")
    answers = [
        await stage.wire.post(
            "profile_update", phone_number=phone, first_name="X", opt_in_path_id=stage.account.path.id
        )
        for phone in (ADA, BEN)
    ]
    assert await stage.field("first_name") == await stage.field("first_name", BEN) == "X"
    assert len(stage.account.campaign.subscriptions) == 2
    return [answer.get("success") for answer in answers], [text.phone for text in stage.account.journal.texts]


async def a_pending_status(stage: Stage) -> Any:
    await stage.wire.post("profile_update", phone_number=ADA, opt_in_path_id=stage.account.careful_path.id)
    (subscription,) = (await stage.profile()).iter("subscription")
    assert subscription.get("activated_at") == ""
    return subscription.get("status")


async def a_second_opt_out(stage: Stage) -> Any:
    stage.left(how="STOP")
    stage.account.wait(minutes=1)
    answer = await stage.wire.post("profile_opt_out", phone_number=ADA)
    return answer.get("success"), await stage.field("opted_out_at"), await stage.field("opted_out_source")


async def leaving_one_campaign(stage: Stage) -> Any:
    stage.account.member()
    stage.account.wait(minutes=1)
    await stage.wire.post("profile_opt_out", phone_number=ADA, campaign_id=stage.account.campaign.id)
    stage.account.wait(minutes=1)
    answer = await stage.wire.post("profile_opt_out", phone_number=ADA, campaign_id=stage.account.campaign.id)
    assert answer.xpath("//subscription/@opted_out_at") == [CHANGED]
    return answer.findtext("profile/updated_at"), answer.findtext("profile/opted_out_at")


async def texts_about_opting_out(stage: Stage) -> Any:
    stage.account.member()
    stage.account.member(BEN)
    await stage.wire.post("profile_opt_out", phone_number=ADA, campaign_id=stage.account.campaign.id)
    await stage.wire.post("profile_opt_out", phone_number=BEN)
    return [(text.phone, text.kind) for text in stage.account.journal.texts]


async def updated_at_after_joining(stage: Stage) -> Any:
    stage.account.person()
    stage.account.wait(minutes=1)
    answer = await stage.wire.post("profile_update", phone_number=ADA, opt_in_path_id=stage.account.path.id)
    return answer.findtext("profile/updated_at")


async def updated_at_after_a_click(stage: Stage) -> Any:
    profile = stage.account.person()
    stage.account.wait(minutes=1)
    stage.account.company.click(profile, "https://example.org/")
    return await stage.field("updated_at")


async def updated_at_after_stop(stage: Stage) -> Any:
    stage.left(how="STOP")
    return await stage.field("updated_at")


async def updated_at_after_coming_back(stage: Stage) -> Any:
    stage.returned()
    return await stage.field("updated_at")


async def dates_after_coming_back(stage: Stage) -> Any:
    stage.returned()
    profile = await stage.profile()
    (subscription,) = profile.iter("subscription")
    return (
        profile.findtext("status"),
        profile.findtext("opted_out_at") != "",
        [subscription.get(name) for name in ("status", "activated_at", "opted_out_at")],
    )


async def rows_after_coming_back(stage: Stage) -> Any:
    stage.returned()
    found = await stage.wire.get("campaign_subscribers", campaign_id=stage.account.campaign.id)
    rows = [(row.findtext("activated_at"), row.findtext("opted_out_at")) for row in found.iter("sub")]
    (subscription,) = (await stage.profile()).iter("subscription")
    return rows, subscription.get("status"), len(set(found.xpath("//sub/id/text()")))


async def rows_in_a_window(stage: Stage) -> Any:
    stage.account.member(BEN)
    pending = stage.account.person(CLEO)
    stage.account.company.use_path(
        pending, stage.account.careful_path, user=stage.account.service.users["an-sync@example.org"]
    )
    stage.left(how="STOP")
    since_now = await stage.rows(**{"from": CHANGED})
    until_then = await stage.rows(to=JOINED)
    assert len(await stage.rows()) == 3
    return since_now, until_then


async def rows_on_a_bound(stage: Stage) -> Any:
    stage.account.member()
    after_it = await stage.rows(**{"from": "2025-03-01T09:59:59Z", "to": "2025-03-01T10:00:01Z"})
    assert after_it == [ADA]
    return await stage.rows(**{"from": JOINED}), await stage.rows(to=JOINED)


async def a_naive_time(stage: Stage) -> Any:
    stage.account.person()
    assert await stage.wire.window(**{"from": JOINED}) == [ADA]
    return len(await stage.wire.window(**{"from": "2025-03-01T10:00:00"}))


async def profiles_in_order(stage: Stage) -> Any:
    phones = [f"120255501{line}" for line in range(10, 30)]
    for phone in phones:
        stage.account.person(phone)
    for minute in (3, 7):
        stage.account.wait(minutes=minute)
        stage.account.service.edit_profile(phones[minute], {"first_name": "X"})
    first, second = [await stage.wire.window() for _ in range(2)]
    assert sorted(first) == sorted(second) == phones
    return "another each time" if first != second else [phones.index(first[0]), phones.index(first[-1])]


async def rows_in_order(stage: Stage) -> Any:
    phones = [f"120255501{line}" for line in range(10, 30)]
    for phone in phones:
        stage.account.member(phone)
    first, second = [await stage.rows() for _ in range(2)]
    assert sorted(first) == sorted(second) == phones
    return "another each time" if first != second else [phones.index(first[0]), phones.index(first[-1])]


async def a_page_of_three(stage: Stage) -> Any:
    for line in range(10, 15):
        stage.account.member(f"120255501{line}")
    profiles = await stage.wire.get("profiles", limit=3)
    return profiles.xpath("profiles/@num"), len(await stage.rows(limit=3))


async def a_limit_over_the_cap(stage: Stage) -> Any:
    answer = await stage.wire.get("profiles", limit=1001)
    return answer.get("success")


async def rows_without_a_limit(stage: Stage) -> Any:
    for line in range(10, 15):
        stage.account.member(f"120255501{line}")
    return len(await stage.rows())


async def a_long_look_up(stage: Stage) -> Any:
    phones = [f"120255501{line}" for line in range(10, 70)]
    for phone in phones:
        stage.account.person(phone)
    found = await stage.wire.get("profiles", phone_number=",".join(phones))
    return int(found.xpath("profiles/@num")[0])


async def the_count_of_subscribers(stage: Stage) -> Any:
    stage.account.member(BEN)
    stage.left(how="STOP")
    found = await stage.wire.get(
        "campaign_subscribers", campaign_id=stage.account.campaign.id, include_subscriber_count=1
    )
    assert found.xpath("subscriptions/@num") == ["2"]
    return [(element.tag, element.text) for element in found.find("subscriptions") if element.tag != "sub"]


async def a_cleaned_profile(stage: Stage) -> Any:
    stage.account.member()
    stage.account.service.clean(stage.account.company, ADA)
    answer = await stage.wire.get("profile", phone_number=ADA)
    return error_id(answer), answer.findtext("profile/status"), await stage.rows()


async def the_integration(stage: Stage) -> Any:
    stage.account.person().constituent_id = "0b1e6c1e-0000"
    stage.account.person(BEN)
    found = await stage.wire.get("profiles")
    return [
        [element.get(name) for name in ("type", "constituent_id", "synchronized_at")]
        for element in found.iter("integration")
    ]


async def names_of_places(stage: Stage) -> Any:
    stage.account.person()
    return [element.tag for element in await stage.profile() if element.tag.endswith(("location", "districts"))]


async def profile_statuses(stage: Stage) -> Any:
    stage.account.member("12025550101")
    stage.account.person("12025550102")
    stage.account.person("12025550103").textable = False
    stage.account.company.opt_out_by_api(stage.account.member("12025550104"))
    stage.account.member("12025550105")
    stage.account.service.text_stop("12025550105")
    return (await stage.wire.get("profiles")).xpath("//profile/status/text()")


async def subscription_statuses(stage: Stage) -> Any:
    stage.account.member(BEN)
    stage.left(how="STOP")
    return (await stage.wire.get("profiles")).xpath("//subscription/@status")


async def novelties(stage: Stage) -> Any:
    stage.account.member()
    answers = [
        await stage.wire.get("campaigns"),
        await stage.wire.get("campaign_subscribers", campaign_id=stage.account.campaign.id),
        await stage.wire.get("profiles"),
    ]
    return [
        (len(answer.xpath("//campaign/novelty | //sub/novelty | //profile/novelty")), len(answer.xpath("//@novelty")))
        for answer in answers
    ]


PAGE = "text/html; charset=utf-8"
STOPPED, BY_API = "Texted a STOP word", "Opt-out from API"
NOBODY_KNOWS = "Something nobody has seen"
ACTION_NETWORK = ["ActionNetwork", "0b1e6c1e-0000", ""]

OBSERVED: Mapping[str, tuple[Observe, Mapping[Value, Any]]] = {
    "auth_failure": (
        a_wrong_token,
        {"401": (401, PAGE), "403": (403, PAGE), "redirect": (302, "/login"), "login_page": (200, PAGE)},
    ),
    "unknown_company": (a_company_of_strangers, {"own_company": (None, 1), "refused": (99, 0)}),
    "phone_error_id": (errors_about_a_number, {5: [5, 5, 5], 7: [7, 7, 5]}),
    "path_error_id": (error_about_a_path, {99: 99, 12: 12}),
    "campaign_error_id": (errors_about_a_campaign, {99: [99, 99], 12: [12, 12]}),
    "other_error_id": (errors_about_the_rest, {99: [99, 99], 12: [12, 12]}),
    "unknown_campaign": (rows_of_no_campaign, {"refused": ("false", []), "empty": ("true", ["0"])}),
    "unknown_path": (
        a_closed_path,
        {"refused": ("false", []), "refused_after_write": ("false", [ADA]), "ignored": ("true", [ADA])},
    ),
    "foreign_number": (a_foreign_number, {"stored": ("true", "Undeliverable"), "refused": ("false", None)}),
    "unknown_column": (
        an_unknown_column,
        {"ignored": ("true", False, [ADA]), "created": ("true", True, [ADA]), "refused": ("false", False, [])},
    ),
    "empty_value": (empty_values, {"clears": ["", "", LATER], "ignored": ["Ada", "x", START]}),
    "longest_value": (a_long_value, {100_000: 300, 255: 255}),
    "keeps_emoji": (an_emoji, {True: "Adã \U0001f33b", False: "Adã "}),
    "address_form": (
        an_address,
        {
            "as_written": ["new york", "ny", "United States", "100010123"],
            "normalised": ["new york", "NY", "US", "10001-0123"],
        },
    ),
    "repeated_opt_in": (
        a_second_opt_in,
        {
            "unchanged": (["true", "true"], []),
            "refused": (["false", "false"], []),
            "texted_again": (["true", "true"], [ADA]),
        },
    ),
    "pending_status": (a_pending_status, {text: text for text in ("Pending", "Unconfirmed", "Active", "")}),
    "repeated_opt_out": (
        a_second_opt_out,
        {
            "restamped": ("true", "2025-03-01 10:02:00 UTC", BY_API),
            "unchanged": ("true", LATER, STOPPED),
            "refused": ("false", LATER, STOPPED),
        },
    ),
    "campaign_opt_out": (
        leaving_one_campaign,
        {"subscription_only": (START, ""), "moves_updated_at": (LATER, ""), "stamps_profile": (LATER, LATER)},
    ),
    "opt_out_text": (
        texts_about_opting_out,
        {False: [], True: [(ADA, "opt-out notice"), (BEN, "opt-out notice")]},
    ),
    "subscription_moves_updated_at": (updated_at_after_joining, {False: START, True: LATER}),
    "click_moves_updated_at": (updated_at_after_a_click, {False: START, True: LATER}),
    "stop_moves_updated_at": (updated_at_after_stop, {False: START, True: LATER}),
    "return_moves_updated_at": (updated_at_after_coming_back, {False: START, True: "2025-03-01 10:02:00 UTC"}),
    "return_renews_activated_at": (
        dates_after_coming_back,
        {
            True: ("Active Subscriber", False, ["Active", "2025-03-01T10:02:00Z", ""]),
            False: ("Active Subscriber", False, ["Active", JOINED, ""]),
        },
    ),
    "return_clears_opted_out_at": (
        dates_after_coming_back,
        {
            True: ("Active Subscriber", False, ["Active", "2025-03-01T10:02:00Z", ""]),
            False: ("Active Subscriber", True, ["Active", "2025-03-01T10:02:00Z", CHANGED]),
        },
    ),
    "return_adds_row": (
        rows_after_coming_back,
        {
            False: ([("2025-03-01 10:02:00 UTC", "")], "Active", 1),
            True: ([(START, LATER), ("2025-03-01 10:02:00 UTC", "")], "Active", 2),
        },
    ),
    "subscribers_window": (
        rows_in_a_window,
        {
            "activated_and_opted_out": ([ADA], [BEN, CLEO]),
            "activated": ([], [BEN, ADA]),
            "ignored": ([BEN, CLEO, ADA], [BEN, CLEO, ADA]),
        },
    ),
    "subscribers_bounds": (rows_on_a_bound, {"inclusive": ([ADA], [ADA]), "exclusive": ([], [])}),
    "naive_time_offset_hours": (a_naive_time, {0: 1, 1: 1, -1: 0}),
    "profiles_order": (
        profiles_in_order,
        {
            "by_id": [0, 19],
            "oldest_change_first": [0, 7],
            "newest_change_first": [7, 0],
            "shuffled": "another each time",
        },
    ),
    "subscribers_order": (
        rows_in_order,
        {"oldest_first": [0, 19], "newest_first": [19, 0], "shuffled": "another each time"},
    ),
    "page_cap": (a_page_of_three, {1_000: (["3"], 3), 2: (["2"], 2)}),
    "limit_over_cap": (a_limit_over_the_cap, {"clamped": "true", "refused": "false"}),
    "subscribers_default_limit": (rows_without_a_limit, {1_000: 5, 2: 2}),
    "numbers_per_lookup": (a_long_look_up, {50: 50, 60: 60, 1: 1}),
    "subscriber_count_element": (
        the_count_of_subscribers,
        {name: [(name, "1")] for name in ("subscriber_count", "count", "total")},
    ),
    "cleaned_profile": (
        a_cleaned_profile,
        {"undeliverable": (None, "Undeliverable", [ADA]), "gone": (5, None, [])},
    ),
    "integration_type": (
        the_integration,
        {text: [[text, *ACTION_NETWORK[1:]]] for text in ("ActionNetwork", "Action Network", "action_network")},
    ),
    "constituent_id_form": (
        the_integration,
        {
            "as_stored": [ACTION_NETWORK],
            "prefixed": [["ActionNetwork", "action_network:0b1e6c1e-0000", ""]],
            "upper_case": [["ActionNetwork", "0B1E6C1E-0000", ""]],
        },
    ),
    "integration_synchronized": (
        the_integration,
        {False: [ACTION_NETWORK], True: [["ActionNetwork", "0b1e6c1e-0000", JOINED]]},
    ),
    "other_integration": (
        the_integration,
        {False: [ACTION_NETWORK], True: [ACTION_NETWORK, ["Salesforce", "", ""], ["Salesforce", "", ""]]},
    ),
    "old_element_names": (
        names_of_places,
        {False: ["last_saved_location", "last_saved_districts"], True: ["location", "districts"]},
    ),
    "profile_status_texts": (
        profile_statuses,
        {
            "current": [
                "Active Subscriber",
                "Profiles with no Subscriptions",
                "Undeliverable",
                "Undeliverable",
                "Undeliverable",
            ],
            "older": ["Active Subscriber", "No Subscriptions", "Hard bounce", "Undeliverable", STOPPED],
            "unknown": [NOBODY_KNOWS] * 5,
        },
    ),
    "subscription_status_texts": (
        subscription_statuses,
        {"current": ["Active", "Opted-Out"], "unknown": [NOBODY_KNOWS] * 2},
    ),
    "unknown_element": (novelties, {False: [(0, 0)] * 3, True: [(1, 0)] * 3}),
    "unknown_attribute": (novelties, {False: [(0, 0)] * 3, True: [(0, 1)] * 3}),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (_, values) in OBSERVED.items() for value in values]
)
async def test_each_value_of_a_switch_is_seen(account: "Account", wire: "Wire", name: str, value: Value) -> None:
    observe, values = OBSERVED[name]
    account.service.switches.settings = turned(account.service.switches.settings, {name: value})

    assert await observe(Stage(account, wire)) == values[value]


@pytest.mark.parametrize("switch", switches_of(MobileCommonsSwitches), ids=lambda switch: switch.name)
def test_the_table_above_has_every_value_of_a_switch(switch: Any) -> None:
    values = {str(value).lower() if isinstance(value, bool) else value for value in OBSERVED[switch.name][1]}

    if isinstance(switch.default, bool | str):
        assert values == set(switch.choices)
    else:
        assert {switch.default} < values


async def test_nothing_of_a_return_shows_when_it_changes_no_date(account: "Account", wire: "Wire") -> None:
    account.service.switches.settings = turned(
        account.service.switches.settings, {"return_renews_activated_at": False, "return_clears_opted_out_at": False}
    )
    stage = Stage(account, wire)
    stage.returned()

    assert await stage.field("status") == "Undeliverable"
    assert await stage.field("opted_out_at") == LATER


@pytest.mark.parametrize("repeated", ["restamped", "unchanged", "refused"])
async def test_who_came_back_is_not_taken_for_somebody_who_is_out(
    account: "Account", wire: "Wire", repeated: str
) -> None:
    account.service.switches.settings = turned(
        account.service.switches.settings, {"return_clears_opted_out_at": False, "repeated_opt_out": repeated}
    )
    Stage(account, wire).returned()
    account.wait(minutes=1)

    answer = await wire.post("profile_opt_out", phone_number=ADA)

    assert answer.findtext("profile/opted_out_at") == "2025-03-01 10:03:00 UTC"


async def test_who_came_back_with_an_old_opt_out_date_can_leave_again(account: "Account", wire: "Wire") -> None:
    account.service.switches.settings = turned(account.service.switches.settings, {"return_clears_opted_out_at": False})
    stage = Stage(account, wire)
    stage.returned()
    account.wait(minutes=1)

    answer = await wire.post("profile_opt_out", phone_number=ADA, campaign_id=account.campaign.id)

    assert answer.xpath("//subscription/@status") == ["Opted-Out"]
    assert answer.xpath("//subscription/@opted_out_at") == ["2025-03-01T10:03:00Z"]
