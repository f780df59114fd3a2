"""What the journal says about the traffic, how it is read in parts, and that it stays small."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from anmc_simulators import journal as journal_module
from anmc_simulators.journal import Journal, Request, Text
from anmc_simulators.meter import KEPT_ACCOUNTS, Meter
from anmc_simulators.operations import Service

if TYPE_CHECKING:
    from simulators.frame.conftest import Services

ADA, BEN = "12025550123", "12025550124"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def journal(services: "Services", **query: str | int) -> dict[str, Any]:
    answer = await services.control.get("/journal", params=query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def opt_in(services: "Services", phone: str) -> None:
    path_id = next(iter(services.company.paths))
    form = {"phone_number": phone, "opt_in_path_id": path_id}
    assert (await services.mobile_commons.post("/profile_update", data=form)).status_code == 200


async def test_requests_and_texts_are_numbered_together_in_order(services: "Services") -> None:
    await services.action_network.get("/people")
    await opt_in(services, ADA)

    document = await journal(services)

    (text,) = document["texts"]
    assert [(row["number"], row["operation"]) for row in document["requests"]] == [(1, "list_people"), (3, "opt_in")]
    assert (text["number"], text["phone"], text["account"]) == (2, ADA, services.company.key)
    assert document["next"] is None


async def test_a_request_shows_who_asked_for_what(services: "Services") -> None:
    await services.action_network.put("/people/nobody", json={"given_name": "Ana"}, params={"x": "1"})
    await services.mobile_commons.get("/campaigns")

    first, second = (await journal(services))["requests"]

    assert first == {
        "number": 1,
        "time": "2026-01-31T09:08:07Z",
        "service": "action-network",
        "account": "an-key",
        "company": "",
        "method": "PUT",
        "path": "/api/v2/people/nobody",
        "operation": "update_person",
        "parameters": {"x": "1", "body": {"given_name": "Ana"}},
        "status": 404,
        "faults": [],
        "changed": False,
    }
    assert (second["account"], second["company"]) == ("sync@example.org", services.company.key)
    assert second["changed"] is None


@pytest.mark.parametrize("body", [b'{"x": NaN}', b'{"x": 1e999}', b'{"x": "\\ud800"}', b"\xff\xfe", b"{"])
async def test_the_journal_can_be_read_whatever_was_sent(services: "Services", body: bytes) -> None:
    await services.action_network.put("/people/nobody", content=body)

    (request,) = (await journal(services))["requests"]

    assert request["parameters"]["body"] in ('{"x": NaN}', '{"x": 1e999}', {"x": "\ud800"}, "\ufffd\ufffd", "{")


async def test_figures_count_calls_statuses_texts_and_what_was_in_vain(services: "Services") -> None:
    await services.order("status", "mobile-commons", status=429, operation="list_campaigns", times=1)
    for _ in range(2):
        await services.mobile_commons.get("/campaigns")
    for _ in range(2):
        await opt_in(services, ADA)

    document = await journal(services, limit=0)

    assert document["totals"] == {"calls": 4, "too_many_requests": 1, "texts": 1, "unchanged_writes": 1}
    assert document["calls"] == {"mobile-commons/list_campaigns": 2, "mobile-commons/opt_in": 2}
    assert document["operations"] == [
        {
            "service": "mobile-commons",
            "operation": "list_campaigns",
            "calls": 2,
            "statuses": {"200": 1, "429": 1},
        },
        {"service": "mobile-commons", "operation": "opt_in", "calls": 2, "statuses": {"200": 2}},
    ]
    assert (document["requests"], document["texts"]) == ([], [])


async def test_the_busiest_second_of_each_account_shows(services: "Services") -> None:
    for gap in (0.0, 0.5, 0.4, 0.2, 3.0, 0.1):
        services.time.seconds += gap
        await services.action_network.get("/people")
    await services.action_network.get("/people", headers={"OSDI-API-Token": "another"})

    rows = (await journal(services, limit=0))["accounts"]

    assert [(row["account"], row["calls"], row["max_calls_per_second"]) for row in rows] == [
        ("an-key", 6, 3),
        ("another", 1, 1),
    ]


@pytest.mark.parametrize(
    ("write", "changed"),
    [
        pytest.param(("POST", "/people", {"person": {"phone_numbers": [{"number": BEN}]}}), True, id="new"),
        pytest.param(("POST", "/people", {"person": {"phone_numbers": [{"number": ADA}]}}), False, id="as it was"),
        pytest.param(("POST", "/people", {"person": {"given_name": "Ana"}}), False, id="refused"),
        pytest.param(("POST", "/people", {"person": 1}), False, id="unreadable"),
        pytest.param(("PUT", "/people/{id}", {"given_name": "Ana"}), True, id="another name"),
        pytest.param(("PUT", "/people/{id}", {"phone_numbers": [{"status": "subscribed"}]}), True, id="status only"),
        pytest.param(("PUT", "/people/{id}", {"phone_numbers": [{"number": ADA}]}), False, id="the same number"),
    ],
)
async def test_a_write_to_action_network_changed_something_or_not(
    services: "Services",
    write: tuple[str, str, dict[str, Any]],
    changed: bool,  # noqa: FBT001  a table column
) -> None:
    body = {"key": "an-key", "phone": ADA}
    person_id = (await services.control.post("/action-network/people", json=body)).json()["id"]
    method, path, document = write

    await services.action_network.request(method, path.format(id=person_id), json=document)

    assert [row["changed"] for row in (await journal(services))["requests"]] == [changed]


@pytest.mark.parametrize(
    ("endpoint", "form", "changed"),
    [
        ("profile_update", {"phone_number": BEN}, True),
        ("profile_update", {"phone_number": ADA, "first_name": "Ada"}, True),
        ("profile_update", {"phone_number": ADA, "first_name": ""}, False),
        ("profile_update", {"phone_number": ADA}, False),
        ("profile_update", {"phone_number": "12"}, False),
        ("profile_opt_out", {"phone_number": ADA}, True),
    ],
)
async def test_a_write_to_mobile_commons_changed_something_or_not(
    services: "Services",
    endpoint: str,
    form: dict[str, str],
    changed: bool,  # noqa: FBT001  a table column
) -> None:
    await services.control.post("/mobile-commons/keyword", json={"phone": ADA})

    await services.mobile_commons.post(f"/{endpoint}", data=form)

    assert [row["changed"] for row in (await journal(services))["requests"]] == [changed]


async def test_a_long_journal_is_read_in_parts(services: "Services") -> None:
    for number in range(4):
        await opt_in(services, f"1202555010{number}")
    whole = await journal(services)

    parts: list[dict[str, Any]] = []
    since: int | None = 0
    while since is not None:
        parts.append(await journal(services, since=since, limit=3))
        since = parts[-1]["next"]

    assert [row for part in parts for row in part["requests"]] == whole["requests"]
    assert [row for part in parts for row in part["texts"]] == whole["texts"]
    assert [len(part["requests"]) + len(part["texts"]) for part in parts] == [3, 3, 2]


@pytest.mark.parametrize(
    ("query", "requests", "texts"),
    [
        ({"service": "action-network"}, ["list_people"], 0),
        ({"service": "mobile-commons"}, ["opt_in", "unknown", "list_campaigns"], 1),
        ({"account": "an-key"}, ["list_people"], 0),
        ({"account": "sync@example.org"}, ["opt_in", "unknown"], 0),
        ({"operation": "opt_in"}, ["opt_in"], 0),
        ({"status": 401}, ["list_campaigns"], 0),
        ({"since": 3}, ["unknown", "list_campaigns"], 0),
    ],
)
async def test_entries_are_filtered(
    services: "Services", query: dict[str, str | int], requests: list[str], texts: int
) -> None:
    await services.action_network.get("/people")
    await opt_in(services, ADA)
    await services.mobile_commons.get("/nowhere")
    await services.mobile_commons.get("/campaigns", headers={"Authorization": ""})

    document = await journal(services, **query)

    assert [row["operation"] for row in document["requests"]] == requests
    assert len(document["texts"]) == texts


async def test_a_company_names_the_requests_of_its_logins_and_its_texts(services: "Services") -> None:
    await services.action_network.get("/people")
    await opt_in(services, ADA)

    document = await journal(services, account=services.company.key)

    assert [row["operation"] for row in document["requests"]] == ["opt_in"]
    assert len(document["texts"]) == 1
    assert [row["account"] for row in document["accounts"]] == [services.company.key]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("service=nowhere", "'action-network' or 'mobile-commons'"),
        ("operation=dance", "action-network and mobile-commons know create_person"),
        ("service=action-network&operation=opt_in", "action-network know create_person"),
        ("since=x", "since: "),
        ("page=2", "there are: service, account, operation, status, since, limit"),
    ],
)
async def test_a_filter_that_is_none_is_400(services: "Services", query: str, message: str) -> None:
    answer = await services.control.get(f"/journal?{query}")

    assert answer.status_code == 400
    assert message in answer.json()["error"]


async def test_a_reset_forgets_what_was_named_or_all_of_it(services: "Services") -> None:
    async def busy() -> None:
        await services.order("status", status=503)
        await services.control.post("/limits", json={"service": "action-network", "concurrency": 9})
        await services.control.post("/latency", json={"service": "action-network", "latency": 1})
        await services.action_network.get("/people")

    async def state() -> list[object]:
        limits = (await services.control.get("/limits")).json()["services"][0]["concurrency"]
        latency = (await services.control.get("/latency")).json()["services"][0]["latency"]
        faults = (await services.control.get("/faults")).json()["faults"]
        return [(await journal(services))["totals"]["calls"], len(faults), limits, latency]

    await busy()
    part = (await services.control.post("/reset", json={"only": ["journal", "latency"]})).json()
    after_part = await state()
    await busy()
    whole = (await services.control.post("/reset")).json()

    assert (part, after_part) == ({"reset": ["journal", "latency"]}, [0, 1, 9, "constant:0"])
    assert (whole, await state()) == (
        {"reset": ["journal", "faults", "limits", "latency", "after-pages"]},
        [0, 0, None, "constant:0"],
    )


async def test_a_reset_of_something_unknown_changes_nothing(services: "Services") -> None:
    await services.action_network.get("/people")

    answer = await services.control.post("/reset", json={"only": ["journal", "people"]})

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "only: 'people' is none of journal, faults, limits, latency, after-pages"},
    )
    assert (await journal(services))["totals"]["calls"] == 1


def test_old_entries_make_room_and_the_figures_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "MAX_ENTRIES", 10)
    kept = Journal()
    for number in range(25):
        kept.received(Request(NOON, "action-network", "key", "GET", "/", f"op{number}", {}, 200))
        kept.texted(Text(NOON, "CO1", str(number), "1", "1", "welcome"))

    document = kept.document()

    assert (len(document["requests"]) <= 10, len(document["texts"]) <= 10) == (True, True)
    assert (document["requests"][-1]["operation"], document["texts"][-1]["phone"]) == ("op24", "24")
    assert (document["totals"]["calls"], document["totals"]["texts"]) == (25, 25)


def test_figures_of_silent_accounts_make_room_but_not_of_those_at_work() -> None:
    meter = Meter()
    meter.began(Service.ACTION_NETWORK, "at work", now=0)
    for number in range(KEPT_ACCOUNTS + 5):
        meter.began(Service.ACTION_NETWORK, f"key-{number}", now=number)
        meter.ended(Service.ACTION_NETWORK, f"key-{number}")

    rows = meter.document(service=None, account=None, operation=None)["accounts"]

    assert len(rows) == KEPT_ACCOUNTS
    assert {"at work", f"key-{KEPT_ACCOUNTS + 4}"} <= {row["account"] for row in rows}
