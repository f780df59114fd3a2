"""Faults that cost time, or in which no complete answer comes."""

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from anmc_simulators.frame.connection import ConnectionCut
from anmc_simulators.server import create_apps

if TYPE_CHECKING:
    from simulators.frame.conftest import Services

ADA = "12025550123"


async def write(services: "Services", **options: Any) -> httpx.Response:
    return await services.mobile_commons.post("/profile_update", data={"phone_number": ADA}, **options)


async def journalled(services: "Services") -> list[tuple[int, list[str], bool | None]]:
    """Return status, faults and effect of the requests, once there are some."""
    while not (rows := (await services.control.get("/journal")).json()["requests"]):
        pass
    return [(row["status"], row["faults"], row["changed"]) for row in rows]


async def until_it_breaks(answer: httpx.Response) -> bytes:
    """Read a body as far as it comes."""
    received = b""
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):  # noqa: PT012  a loop
        async for piece in answer.aiter_raw():
            received += piece
    return received


async def test_a_latency_is_waited_for_before_anything_is_done(services: "Services") -> None:
    await services.order("latency", "mobile-commons", seconds=2.5)

    answer = await write(services)

    assert (answer.status_code, services.time.slept) == (200, [2.5])


@pytest.mark.parametrize(
    ("fault", "is_applied"),
    [("disconnect-before", False), ("disconnect-after", True)],
)
async def test_a_reset_connection_comes_before_or_after_the_deed(
    services: "Services",
    fault: str,
    is_applied: bool,  # noqa: FBT001  a table column
) -> None:
    await services.order(fault, "mobile-commons", times=1)

    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await write(services)

    assert (ADA in services.company.profiles) is is_applied
    assert await journalled(services) == [(0, [fault], True if is_applied else None)]
    assert (await write(services)).status_code == 200


@pytest.mark.parametrize(
    ("fault", "is_applied"),
    [("timeout-before", False), ("timeout-after", True)],
)
async def test_a_held_answer_ends_when_the_client_leaves(
    services: "Services",
    fault: str,
    is_applied: bool,  # noqa: FBT001  a table column
) -> None:
    await services.order(fault, "mobile-commons", times=1)
    services.time.stands_still = True

    with pytest.raises(httpx.ReadTimeout):
        await write(services, timeout=httpx.Timeout(5, read=0.05))

    assert await journalled(services) == [(0, [fault], True if is_applied else None)]
    assert (ADA in services.company.profiles) is is_applied


async def test_a_held_answer_ends_when_its_time_is_over(services: "Services") -> None:
    await services.order("timeout-before", "mobile-commons", seconds=30)

    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await write(services)

    assert services.time.slept == [30]


async def test_a_held_answer_ends_when_the_server_stops(services: "Services") -> None:
    await services.order("timeout-before", "mobile-commons")
    services.time.stands_still = True
    held = asyncio.ensure_future(write(services))
    while not services.time.slept:
        await services.control.get("/healthz")

    services.simulation.traffic.patience.close()

    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await held


async def test_a_slow_answer_comes_at_once_when_the_server_stops(services: "Services") -> None:
    await services.order("latency", "mobile-commons", seconds=600)
    services.time.stands_still = True
    slow = asyncio.ensure_future(write(services))
    while not services.time.slept:
        await services.control.get("/healthz")

    services.simulation.traffic.patience.close()

    assert (await slow).status_code == 200


async def test_a_connection_that_ends_in_mid_body_leaves_half_of_it(services: "Services") -> None:
    await services.order("disconnect-mid-body", "mobile-commons")

    async with services.mobile_commons.stream("POST", "/profile_update", data={"phone_number": ADA}) as answer:
        received = await until_it_breaks(answer)

    assert answer.status_code == 200
    assert len(received) == int(answer.headers["Content-Length"]) // 2
    assert ADA in services.company.profiles


async def test_a_dripping_body_is_complete_in_the_end(services: "Services") -> None:
    whole = (await services.action_network.get("/people")).content
    await services.order("slow-drip", bytes_per_second=1000)

    dripped = (await services.action_network.get("/people")).content

    assert dripped == whole
    assert services.time.slept == [0.1] * -(-len(whole) // 100)


async def test_an_endless_body_ends_with_the_client_only(services: "Services") -> None:
    whole = (await services.action_network.get("/people")).content
    await services.order("endless-body", bytes_per_second=200_000)
    received = b""

    async with services.action_network.stream("GET", "/people") as answer:
        async for piece in answer.aiter_raw():
            received += piece
            if len(received) > len(whole) + 100_000:
                break

    assert "Content-Length" not in answer.headers
    assert (received.startswith(whole), received[len(whole) :].strip()) == (True, b"")
    assert await journalled(services) == [(200, [], None), (200, ["endless-body"], None)]


async def test_a_body_that_is_sent_when_the_server_stops_ends_too(services: "Services") -> None:
    await services.order("endless-body")
    services.time.stands_still = True

    async with services.action_network.stream("GET", "/people") as answer:
        services.simulation.traffic.patience.close()
        received = await until_it_breaks(answer)

    assert (answer.status_code, len(received) > 0) == (200, True)


async def test_a_client_in_the_same_process_sees_an_error_in_place_of_the_cut(services: "Services") -> None:
    await services.order("disconnect-before", "mobile-commons")
    transport = httpx.ASGITransport(create_apps(services.simulation)["mobile_commons"])

    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
        with pytest.raises(ConnectionCut):
            await client.get("/api/campaigns")
