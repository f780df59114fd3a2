import random
import statistics
from typing import TYPE_CHECKING

import pytest

from anmc_simulators.frame.latency import Latency

if TYPE_CHECKING:
    from simulators.frame.conftest import Services


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.6", "constant:0.6"),
        ("constant:2", "constant:2"),
        (" uniform:0.3:0.9 ", "uniform:0.3:0.9"),
        ("lognormal:0.6:0.3", "lognormal:0.6:0.3"),
        ("0.3+0.002/page", "constant:0.3+0.002/page"),
        ("lognormal:0.6:0.3+0.5/page", "lognormal:0.6:0.3+0.5/page"),
    ],
)
def test_a_latency_is_read_and_written(text: str, written: str) -> None:
    assert str(Latency.parse(text)) == written
    assert Latency.parse(written) == Latency.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "fast", "-1", "1e3", "inf", "nan", "constant:1:2", "uniform:1", "uniform:2:1", "lognormal:1", "601", "1/page"],
)
def test_what_is_no_latency_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="latency"):
        Latency.parse(text)


def test_a_distribution_has_the_shape_it_names() -> None:
    dice = random.Random(1)
    uniform = [Latency.parse("uniform:0.3:0.9").draw(dice) for _ in range(2000)]
    lognormal = [Latency.parse("lognormal:0.6:0.3").draw(dice) for _ in range(2000)]

    assert (min(uniform) >= 0.3, max(uniform) <= 0.9) == (True, True)
    assert statistics.fmean(uniform) == pytest.approx(0.6, abs=0.02)
    assert statistics.median(lognormal) == pytest.approx(0.6, abs=0.02)
    assert statistics.fmean(lognormal) > statistics.median(lognormal)


def test_later_pages_take_longer() -> None:
    latency = Latency.parse("0.5+0.25/page")

    assert [latency.draw(random.Random(1), page=page) for page in (1, 2, 5)] == [0.5, 0.75, 1.5]


async def test_each_service_waits_as_long_as_it_was_told(services: "Services") -> None:
    await services.control.post("/latency", json={"service": "action-network", "latency": 0.6})

    await services.mobile_commons.get("/campaigns")
    await services.action_network.get("/people", params={"page": 3})

    assert services.time.slept == pytest.approx([0.6])


async def test_what_a_busy_simulator_takes_counts_as_latency(services: "Services") -> None:
    await services.control.post("/latency", json={"service": "action-network", "latency": 0.6})
    pause_until, busy = services.simulation.traffic.patience.pause_until, 0.25

    async def late(moment: float) -> None:
        services.time.seconds += busy
        await pause_until(moment)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services.simulation.traffic.patience, "pause_until", late)
        await services.action_network.get("/people")

    assert services.time.slept == pytest.approx([0.6 - busy])


async def test_the_latency_grows_with_the_page_of_a_list_only(services: "Services") -> None:
    await services.control.post("/latency", json={"service": "action-network", "latency": "1+0.5/page"})

    await services.action_network.get("/people", params={"page": 5})
    await services.action_network.get("/metadata/custom_fields", params={"page": 5})

    assert services.time.slept == [3.0, 1.0]


async def test_one_account_can_be_slower_than_the_others(services: "Services") -> None:
    slow = {"service": "mobile-commons", "account": services.company.key, "latency": 9}
    await services.control.post("/latency", json=slow)

    await services.mobile_commons.get("/campaigns")
    await services.mobile_commons.get("/campaigns", headers={"Authorization": "Bearer not-this-one"})

    assert services.time.slept == [9.0]


async def test_the_same_seed_draws_the_same_latencies(services: "Services") -> None:
    for _ in range(2):
        setting = {"service": "action-network", "latency": "lognormal:0.6:0.3", "seed": 7}
        await services.control.post("/latency", json=setting)
        for _ in range(3):
            await services.action_network.get("/people")

    assert services.time.slept[:3] == services.time.slept[3:]
    assert len(set(services.time.slept)) == 3


async def test_latencies_are_shown_and_taken_back(services: "Services") -> None:
    body = {"service": "mobile-commons", "account": "sync@example.org", "latency": "uniform:1:2"}
    shown = (await services.control.post("/latency", json=body)).json()

    left = (await services.control.delete("/latency")).json()

    at_once = [
        {"service": "action-network", "latency": "constant:0"},
        {"service": "mobile-commons", "latency": "constant:0"},
    ]
    assert shown == {"services": at_once, "accounts": [{**body, "latency": "uniform:1:2"}]}
    assert left == {"services": at_once, "accounts": []}


async def test_a_latency_that_is_none_is_400(services: "Services") -> None:
    answer = await services.control.post("/latency", json={"service": "mobile-commons", "latency": "soon"})

    assert answer.status_code == 400
    assert "lognormal:MEDIAN:SIGMA" in answer.json()["error"]
