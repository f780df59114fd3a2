import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.limits import REAL_LIMITS, Limit, Limits
from anmc_simulators.operations import Service

if TYPE_CHECKING:
    from simulators.frame.conftest import Services


def call(account: str = "key", *, service: Service = Service.ACTION_NETWORK) -> Arrival:
    return Arrival(service, "list_people", account, "GET", "/api/v2/people", {})


def passes(limits: Limits, *, now: float, in_flight: int = 1, account: str = "key") -> bool:
    return limits.allows(call(account), now=now, in_flight=in_flight) is None


@given(
    gaps=st.lists(st.floats(0, 0.7), min_size=1, max_size=60),
    rate=st.sampled_from([0.5, 1.0, 2.5, 4.0]),
    counts_refused=st.booleans(),
)
def test_no_window_ever_holds_more_calls_than_allowed(
    gaps: list[float],
    rate: float,
    counts_refused: bool,  # noqa: FBT001  a column of what hypothesis draws
) -> None:
    limit = Limit(calls_per_second=rate, counts_refused=counts_refused)
    limits = Limits({**REAL_LIMITS, Service.ACTION_NETWORK: limit})
    calls, seconds = limit.window
    admitted, now = [], 0.0

    for gap in gaps:
        now += gap
        if passes(limits, now=now):
            admitted.append(now)

    windows = [[time for time in admitted if end - seconds < time <= end] for end in admitted]
    assert admitted[0] == gaps[0]
    assert max(map(len, windows)) <= calls


@pytest.mark.parametrize(
    ("rate", "times", "allowed"),
    [
        pytest.param(4, [0, 0.1, 0.2, 0.3, 0.9, 1.0], [1, 1, 1, 1, 0, 1], id="four in any second"),
        pytest.param(0.5, [0, 1.9, 2.0, 3.0, 4.0], [1, 0, 1, 0, 1], id="one in any two seconds"),
        pytest.param(2.5, [0, 0.1, 0.7, 0.8], [1, 1, 0, 1], id="two in any 0.8 seconds"),
    ],
)
def test_a_window_slides(rate: float, times: list[float], allowed: list[int]) -> None:
    limits = Limits({**REAL_LIMITS, Service.ACTION_NETWORK: Limit(calls_per_second=rate)})

    assert [int(passes(limits, now=now)) for now in times] == allowed


def test_a_refused_call_counts_only_on_request() -> None:
    hammering = [0.0, *(0.5 + step / 10 for step in range(10))]
    allowed = {}
    for counts_refused in (False, True):
        limit = Limit(calls_per_second=1, counts_refused=counts_refused)
        limits = Limits({**REAL_LIMITS, Service.ACTION_NETWORK: limit})
        allowed[counts_refused] = sum(passes(limits, now=now) for now in hammering)

    assert allowed == {False: 2, True: 1}


def test_accounts_do_not_share_a_limit_and_may_have_one_of_their_own() -> None:
    limits = Limits(REAL_LIMITS)
    limits.set(Service.ACTION_NETWORK, "slow", Limit(calls_per_second=1), now=0)

    taken = {account: [passes(limits, now=0, account=account) for _ in range(5)] for account in ("a", "b", "slow")}

    assert [sum(taken[account]) for account in ("a", "b", "slow")] == [4, 4, 1]


def test_a_lower_limit_holds_for_its_period_and_the_lasting_one_afterwards() -> None:
    limits = Limits(REAL_LIMITS)
    limits.set(Service.ACTION_NETWORK, None, Limit(calls_per_second=1), now=0, seconds=300)

    storm = [passes(limits, now=299.0 + step / 10) for step in range(4)]
    after = [passes(limits, now=301.0 + step / 10) for step in range(5)]

    assert (sum(storm), sum(after)) == (1, 4)


async def test_the_fifth_call_of_a_second_is_429_and_the_next_second_is_open_again(services: "Services") -> None:
    await services.control.post("/limits", json={"service": "action-network", "calls_per_second": 4})

    statuses = [(await services.action_network.get("/people")).status_code for _ in range(5)]
    refused = await services.action_network.get("/people")
    services.time.seconds += 1
    statuses.append((await services.action_network.get("/people")).status_code)

    assert statuses == [200, 200, 200, 200, 429, 200]
    assert refused.json() == {"error": "Too many requests"}
    assert refused.headers["Date"] == "Sat, 31 Jan 2026 09:08:07 GMT"
    assert "Retry-After" not in refused.headers
    assert (await services.mobile_commons.get("/campaigns")).status_code == 200


async def test_one_more_call_at_a_time_than_allowed_is_429_and_the_peak_shows(services: "Services") -> None:
    await services.control.post("/limits", json={"service": "mobile-commons", "concurrency": 3})
    await services.order("timeout-before", "mobile-commons", operation="list_campaigns")
    services.time.stands_still = True
    held = [asyncio.ensure_future(services.mobile_commons.get("/campaigns")) for _ in range(3)]
    await until_in_flight(services, 3)

    over = await services.mobile_commons.get("/profiles")
    for one in held:
        one.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    figures = await until_in_flight(services, 0)
    after = await services.mobile_commons.get("/profiles")

    assert (over.status_code, after.status_code) == (429, 200)
    assert over.headers["Content-Type"].startswith("text/html")
    assert (figures["peak_concurrency"], figures["too_many_requests"]) == (4, 1)


async def until_in_flight(services: "Services", count: int) -> dict[str, Any]:
    """Look until so many calls of the company are under way; returns its figures."""
    while True:
        answer = await services.control.get(f"/journal?limit=0&account={services.company.key}")
        accounts = answer.json()["accounts"]
        if accounts and accounts[0]["in_flight"] == count:
            return dict(accounts[0])


@pytest.mark.parametrize(
    ("answer", "content_type", "body", "retry_after"),
    [
        ({}, "application/hal+json", b'{"error":"Too many requests"}', None),
        ({"body": "empty"}, None, b"", None),
        ({"body": "text"}, "text/plain; charset=utf-8", b"Too Many Requests\n", None),
        ({"body": "html", "retry_after": 7}, "text/html; charset=utf-8", b"<h1>429 Too Many Requests</h1>", "7"),
        ({"body": "json", "retry_after": "NaN"}, "application/json", b'{"error":"Too Many Requests"}', "NaN"),
        ({"retry_after_date": 60}, "application/hal+json", b"error", "Sat, 31 Jan 2026 09:09:07 GMT"),
    ],
)
async def test_the_answer_above_a_limit_can_be_chosen(
    services: "Services", answer: dict[str, Any], content_type: str | None, body: bytes, retry_after: str | None
) -> None:
    limit = {"service": "action-network", "account": "an-key", "calls_per_second": 1, "answer": answer}
    assert (await services.control.post("/limits", json=limit)).status_code == 200
    await services.action_network.get("/people")

    refused = await services.action_network.get("/people")

    assert refused.status_code == 429
    assert refused.headers.get("Content-Type") == content_type
    assert body in refused.content
    assert refused.headers.get("Retry-After") == retry_after


async def test_what_is_not_sent_stays_and_null_switches_off(services: "Services") -> None:
    async def limit(**members: Any) -> dict[str, Any]:
        answer = await services.control.post("/limits", json={"service": "mobile-commons", **members})
        return next(one for one in answer.json()["services"] if one["service"] == "mobile-commons")

    await limit(calls_per_second=10, concurrency=20)
    both = await limit(concurrency=5)
    one = await limit(calls_per_second=None)
    period = await limit(concurrency=1, for_seconds=30)

    assert (both["calls_per_second"], both["concurrency"]) == (10, 5)
    assert (one["calls_per_second"], one["concurrency"]) == (None, 5)
    assert (period["concurrency"], period["ends_in_seconds"]) == (1, 30)


async def test_limits_of_accounts_are_listed_until_they_are_taken_back(services: "Services") -> None:
    limit = {"service": "action-network", "account": "an-key", "calls_per_second": 1}
    listed = (await services.control.post("/limits", json=limit)).json()["accounts"]

    left = (await services.control.delete("/limits")).json()

    assert [(one["account"], one["calls_per_second"]) for one in listed] == [("an-key", 1)]
    assert left["accounts"] == []


async def test_a_login_can_have_a_limit_below_that_of_its_company(services: "Services") -> None:
    limit = {"service": "mobile-commons", "account": "sync@example.org", "calls_per_second": 1}
    await services.control.post("/limits", json=limit)

    statuses = [(await services.mobile_commons.get("/campaigns")).status_code for _ in range(2)]

    assert statuses == [200, 429]


async def test_a_refused_call_changes_nothing(services: "Services") -> None:
    await services.control.post("/limits", json={"service": "mobile-commons", "calls_per_second": 1})
    await services.mobile_commons.get("/campaigns")

    answer = await services.mobile_commons.post("/profile_update", data={"phone_number": "12025550123"})

    assert answer.status_code == 429
    assert services.company.profiles == {}


def test_the_real_limits_are_those_of_the_contracts() -> None:
    limits = {service: (limit.calls_per_second, limit.concurrency) for service, limit in REAL_LIMITS.items()}

    assert limits == {Service.ACTION_NETWORK: (4, None), Service.MOBILE_COMMONS: (None, 160)}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"service": "nowhere", "concurrency": 1}, "'action-network' or 'mobile-commons'"),
        ({"service": "action-network"}, "at least one of answer, calls_per_second, concurrency, counts_refused"),
        ({"service": "action-network", "calls": 3}, "there are: service, account, calls_per_second"),
        ({"service": "action-network", "calls_per_second": 0}, "calls_per_second: Input should be greater than 0"),
        ({"service": "action-network", "answer": {"body": "xml"}}, "'service', 'empty', 'text', 'html' or 'json'"),
        ({"service": "action-network", "answer": {"retry_after": "1\r\nX: y"}}, "answer.retry_after"),
        ({"service": "action-network", "concurrency": 1, "for_seconds": -1}, "for_seconds"),
    ],
)
async def test_a_limit_that_is_none_is_400(services: "Services", body: dict[str, Any], message: str) -> None:
    answer: httpx.Response = await services.control.post("/limits", json=body)

    assert answer.status_code == 400
    assert message in answer.json()["error"]
