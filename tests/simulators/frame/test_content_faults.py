"""Faults of the bytes and of the headers of an answer."""

import gzip
import json
import zlib
from typing import TYPE_CHECKING

import httpx
import pytest
from lxml import etree

if TYPE_CHECKING:
    from simulators.frame.conftest import Services

ADA = "12025550123"


async def raw(services: "Services", service: str) -> tuple[httpx.Response, bytes]:
    """Return an answer and its body as it came over the wire."""
    client, path = {
        "action-network": (services.action_network, "/people"),
        "mobile-commons": (services.mobile_commons, "/profiles"),
    }[service]
    async with client.stream("GET", path) as answer:
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


async def test_an_empty_body_hides_what_was_done(services: "Services") -> None:
    await services.order("empty-body", "mobile-commons")

    answer = await services.mobile_commons.post("/profile_update", data={"phone_number": ADA})

    assert (answer.status_code, answer.content) == (200, b"")
    assert ADA in services.company.profiles


@pytest.mark.parametrize("service", ["action-network", "mobile-commons"])
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
async def test_a_truncated_document_is_complete_for_http(services: "Services", service: str, keep: float) -> None:
    services.add_people(3)
    _, whole = await raw(services, service)
    await services.order("truncated", service, keep=keep)

    answer, body = await raw(services, service)

    assert (answer.status_code, body) == (200, whole[: int(len(whole) * keep)])


@pytest.mark.parametrize("people", [0, 3])
async def test_a_malformed_document_cannot_be_read(services: "Services", people: int) -> None:
    services.add_people(people)
    for service in ("action-network", "mobile-commons"):
        await services.order("malformed", service)

    people_page, profiles_page = [(await raw(services, service))[1] for service in ("action-network", "mobile-commons")]

    with pytest.raises(json.JSONDecodeError):
        json.loads(people_page)
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(profiles_page)


@pytest.mark.parametrize("service", ["action-network", "mobile-commons"])
async def test_the_declared_charset_is_not_that_of_the_bytes(services: "Services", service: str) -> None:
    _, whole = await raw(services, service)
    await services.order("wrong-charset", service)

    answer, body = await raw(services, service)

    assert answer.headers["Content-Type"].endswith("; charset=utf-8")
    assert body.decode("utf-16") == whole.decode()
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")


async def test_any_charset_can_be_declared(services: "Services") -> None:
    _, whole = await raw(services, "mobile-commons")
    await services.order("wrong-charset", "mobile-commons", declared="x-none", encoded="utf-8")

    answer, body = await raw(services, "mobile-commons")

    assert (answer.headers["Content-Type"], body) == ("application/xml; charset=x-none", whole)


async def test_a_content_encoding_can_be_a_lie(services: "Services") -> None:
    _, whole = await raw(services, "action-network")
    await services.order("wrong-content-encoding")

    answer, body = await raw(services, "action-network")

    assert (answer.headers["Content-Encoding"], body) == ("gzip", whole)
    with pytest.raises(httpx.DecodingError):
        await services.action_network.get("/people")


async def test_a_broken_stream_of_gzip_begins_well(services: "Services") -> None:
    await services.order("broken-gzip", "mobile-commons")

    answer, body = await raw(services, "mobile-commons")

    assert (answer.headers["Content-Encoding"], body[:2]) == ("gzip", b"\x1f\x8b")
    with pytest.raises((zlib.error, EOFError, gzip.BadGzipFile)):
        gzip.decompress(body)


@pytest.mark.parametrize("service", ["action-network", "mobile-commons"])
async def test_a_bomb_is_small_on_the_wire_and_a_whole_document_unpacked(services: "Services", service: str) -> None:
    _, whole = await raw(services, service)
    await services.order("decompression-bomb", service, mebibytes=3)

    answer, body = await raw(services, service)
    unpacked = gzip.decompress(body)

    assert (answer.headers["Content-Encoding"], len(body) < 10_000) == ("gzip", True)
    assert len(unpacked) == len(whole) + 3 * 1024 * 1024
    assert unpacked.strip() == whole.strip()


@pytest.mark.parametrize(
    ("arguments", "date"),
    [
        ({}, "Sat, 31 Jan 2026 10:08:07 GMT"),
        ({"seconds": -86_400}, "Fri, 30 Jan 2026 09:08:07 GMT"),
        ({"form": "absent"}, None),
        ({"form": "garbage"}, "the day before yesterday"),
    ],
)
async def test_the_date_is_off_absent_or_none(
    services: "Services", arguments: dict[str, str], date: str | None
) -> None:
    await services.order("wrong-date", **arguments)
    await services.order("status", status=503, after=1)

    served = await services.action_network.get("/people")
    refused = await services.action_network.get("/people")

    assert (served.status_code, served.headers.get("Date")) == (200, date)
    assert (refused.status_code, refused.headers.get("Date")) == (503, date)
