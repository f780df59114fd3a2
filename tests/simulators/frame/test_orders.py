"""Whom a fault hits, how often, in which order with others."""

from typing import TYPE_CHECKING, Any

import pytest

from anmc_simulators.fault_kinds.catalogue import KINDS, make
from anmc_simulators.faults import Faults, Order
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.operations import Service

if TYPE_CHECKING:
    from simulators.frame.conftest import Services


def call(operation: str = "get_profile", *, account: str = "ada@example.org", company: str = "CO1") -> Arrival:
    return Arrival(Service.MOBILE_COMMONS, operation, account, "GET", "/api/x", {}, company=company)


def broken(faults: Faults, status: int, operation: str = "*", **rest: Any) -> Order:
    return faults.order(make("status", {"status": status}), "mobile-commons", operation, **rest)


def hits(faults: Faults, calls: int, arrival: Arrival | None = None) -> list[bool]:
    """Return for each of some calls whether any fault fires."""
    return [any(order.fires() for order in faults.concerning(arrival or call())) for _ in range(calls)]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        pytest.param({}, [1, 1, 1, 1, 1], id="until it is cleared"),
        pytest.param({"times": 2}, [1, 1, 0, 0, 0], id="as often as ordered"),
        pytest.param({"after": 2}, [0, 0, 1, 1, 1], id="after some"),
        pytest.param({"after": 1, "times": 1}, [0, 1, 0, 0, 0], id="once, in the middle"),
    ],
)
def test_a_fault_happens_when_it_was_ordered_to(terms: dict[str, Any], expected: list[int]) -> None:
    faults = Faults()
    broken(faults, 503, **terms)

    assert hits(faults, 5) == [bool(one) for one in expected]


def test_the_same_dice_hit_the_same_calls() -> None:
    rows = []
    for seed in (1, 1, 2):
        faults = Faults()
        broken(faults, 503, probability=0.3, seed=seed)
        rows.append(hits(faults, 400))

    assert rows[0] == rows[1] != rows[2]
    assert 80 < sum(rows[0]) < 160


@pytest.mark.parametrize(
    ("account", "expected"),
    [("*", True), ("ada@example.org", True), ("CO1", True), ("ben@example.org", False), ("CO2", False)],
)
def test_a_fault_can_be_for_one_login_or_one_company(account: str, expected: bool) -> None:  # noqa: FBT001  a column
    faults = Faults()
    broken(faults, 503, account=account)

    assert hits(faults, 1) == [expected]


def test_a_fault_concerns_its_service_and_operation_only() -> None:
    faults = Faults()
    broken(faults, 503, "opt_in")
    elsewhere = Arrival(Service.ACTION_NETWORK, "get_person", "key", "GET", "/api/v2/people/1", {})

    assert [hits(faults, 1, one) for one in (call("opt_in"), call("opt_out"), elsewhere)] == [[True], [False], [False]]


async def test_the_narrower_fault_goes_first_and_the_wider_one_takes_over(services: "Services") -> None:
    await services.order("status", status=500)
    await services.order("status", status=501, operation="list_people")
    await services.order("status", status=502, account="an-key", times=1)
    await services.order("status", status=503, operation="list_people", account="an-key", times=1)

    statuses = [(await services.action_network.get("/people")).status_code for _ in range(4)]

    assert statuses == [503, 502, 501, 501]


async def test_the_newer_of_two_goes_first(services: "Services") -> None:
    await services.order("status", status=500)
    await services.order("status", status=503, times=1)

    statuses = [(await services.action_network.get("/people")).status_code for _ in range(2)]

    assert statuses == [503, 500]


async def test_the_same_order_again_changes_its_terms(services: "Services") -> None:
    await services.order("latency", seconds=2)
    await services.order("latency", seconds=2, times=1)

    for _ in range(2):
        await services.action_network.get("/people")

    assert services.time.slept == [2]


async def test_faults_add_up_and_the_journal_names_those_that_happened(services: "Services") -> None:
    await services.order("latency", seconds=3)
    await services.order("status", status=503, times=1)
    await services.order("truncated", keep=0)
    await services.order("wrong-date", form="absent")

    answers = [await services.action_network.get("/people") for _ in range(2)]
    rows = (await services.control.get("/journal")).json()["requests"]

    assert [(answer.status_code, len(answer.content) > 0) for answer in answers] == [(503, True), (200, False)]
    assert ["Date" in answer.headers for answer in answers] == [False, False]
    assert services.time.slept == [3, 3]
    assert [row["faults"] for row in rows] == [
        ["wrong-date", "latency", "status"],
        ["wrong-date", "latency", "truncated"],
    ]


async def test_a_fault_that_has_no_more_times_is_not_listed_any_more(services: "Services") -> None:
    await services.order("status", status=503, times=2, operation="list_people")
    await services.action_network.get("/people")
    left = (await services.control.get("/faults")).json()["faults"]
    await services.action_network.get("/people")

    assert [(one["fault"], one["status"], one["operation"], one["times"]) for one in left] == [
        ("status", 503, "list_people", 1)
    ]
    assert (await services.control.get("/faults")).json() == {"faults": []}


async def test_faults_are_withdrawn_one_by_one_or_all(services: "Services") -> None:
    for name in ("malformed", "truncated", "empty-body"):
        await services.order(name)
    listed = (await services.control.get("/faults")).json()["faults"]

    one_less = (await services.control.delete("/faults", params={"id": listed[1]["id"]})).json()["faults"]
    none = (await services.control.delete("/faults")).json()["faults"]

    assert [one["fault"] for one in one_less] == ["malformed", "empty-body"]
    assert none == []


@pytest.mark.parametrize(
    ("body", "status", "slept"),
    [
        ({"status": 503}, 503, []),
        ({"latency": 2}, 200, [2]),
        ({"status": 504, "latency": 2}, 504, [2]),
    ],
)
async def test_the_two_commonest_faults_need_no_name(
    services: "Services", body: dict[str, Any], status: int, slept: list[float]
) -> None:
    order = {"service": "action-network", "operation": "list_people", "times": 1, **body}
    await services.control.post("/faults", json={**order, "status": 500, "latency": 7, "times": 5})
    assert (await services.control.post("/faults", json=order)).status_code == 200

    hit = await services.action_network.get("/people")
    next_one = await services.action_network.get("/people")

    assert (hit.status_code, next_one.status_code, services.time.slept) == (status, 200, slept)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"fault": "gremlins", "service": "action-network"},
            "fault must be one of application-error, broken-gzip",
        ),
        ({"fault": "latency", "service": "action-network"}, "seconds: Field required"),
        ({"fault": "malformed", "service": "action-network", "seconds": 1}, "seconds: there is no such member"),
        ({"fault": "status", "service": "action-network", "status": 200}, "status: Input should be greater than"),
        ({"fault": "malformed", "service": "nowhere"}, "'action-network' or 'mobile-commons'"),
        ({"fault": "malformed", "service": "action-network", "operation": "opt_in"}, "create_person, delete_person"),
        ({"fault": "malformed", "service": "action-network", "times": 0}, "times: Input should be greater than"),
        ({"fault": "malformed", "service": "action-network", "probability": 2}, "probability"),
        ({"fault": "wrong-count", "service": "action-network"}, "wrong-count is a fault of mobile-commons only"),
        ({"fault": "wrong-charset", "service": "action-network", "encoded": "x-none"}, "encoded: "),
        ({"service": "action-network"}, "a fault needs a name, or a latency, a status or both"),
        ({"service": "action-network", "state": 503}, "state: there is no such member"),
        ({"fault": "malformed"}, "service: Field required"),
    ],
)
async def test_a_fault_that_is_none_is_400(services: "Services", body: dict[str, Any], message: str) -> None:
    answer = await services.control.post("/faults", json=body)

    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert (await services.control.get("/faults")).json() == {"faults": []}


@pytest.mark.parametrize(
    ("terms", "message"),
    [({"times": 0}, "times"), ({"after": -1}, "after"), ({"probability": 0}, "probability")],
)
def test_terms_under_which_a_fault_never_happens_are_refused(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        broken(Faults(), 503, **terms)


def test_every_fault_has_a_sentence_and_a_name_of_its_own() -> None:
    assert [kind.name for kind in KINDS.values()] == list(KINDS)
    assert all((kind.__doc__ or "").split("\n")[0].endswith(".") for kind in KINDS.values())
