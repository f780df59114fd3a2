"""Faults in which something else than the service answers."""

from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

if TYPE_CHECKING:
    from simulators.frame.conftest import Services


@pytest.mark.parametrize(
    ("arguments", "status", "content_type", "body"),
    [
        ({"status": 500, "body": "empty"}, 500, None, b""),
        ({"status": 502, "body": "html"}, 502, "text/html; charset=utf-8", b"<h1>502 Bad Gateway</h1>"),
        ({"status": 503}, 503, "application/hal+json", b'{"error":"fault injected"}'),
        ({"status": 504, "seconds": 30, "body": "text"}, 504, "text/plain; charset=utf-8", b"Gateway Timeout"),
        ({"status": 429}, 429, "application/hal+json", b"Too many requests"),
        ({"status": 599, "body": "json"}, 599, "application/json", b'{"error":"Error"}'),
    ],
)
async def test_a_status_is_answered_in_the_form_that_was_ordered(
    services: "Services", arguments: dict[str, Any], status: int, content_type: str | None, body: bytes
) -> None:
    await services.order("status", **arguments)

    answer = await services.action_network.get("/people")

    assert (answer.status_code, answer.headers.get("Content-Type")) == (status, content_type)
    assert body in answer.content
    assert services.time.slept == ([arguments["seconds"]] if "seconds" in arguments else [])


async def test_mobile_commons_refuses_in_html(services: "Services") -> None:
    await services.order("status", "mobile-commons", status=503)

    answer = await services.mobile_commons.get("/campaigns")

    assert (answer.status_code, "<p>HTTP 503</p>" in answer.text) == (503, True)


@pytest.mark.parametrize(
    ("arguments", "header"),
    [
        ({}, None),
        ({"retry_after": 5}, "5"),
        ({"retry_after": "0"}, "0"),
        ({"retry_after": "-1"}, "-1"),
        ({"retry_after": "1e309"}, "1e309"),
        ({"retry_after": "NaN"}, "NaN"),
        ({"retry_after": ""}, ""),
        ({"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"}, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ({"retry_after_date": 90}, "Sat, 31 Jan 2026 09:09:37 GMT"),
        ({"retry_after_date": -3600}, "Sat, 31 Jan 2026 08:08:07 GMT"),
    ],
)
async def test_retry_after_is_whatever_was_ordered(
    services: "Services", arguments: dict[str, Any], header: str | None
) -> None:
    await services.order("status", status=429, **arguments)

    answer = await services.action_network.get("/people")

    assert (answer.status_code, answer.headers.get("Retry-After")) == (429, header)


async def test_a_revoked_key_stops_a_walk_in_the_middle_and_is_repeated(services: "Services") -> None:
    await services.order("revoked", after=2)

    answers = [await services.action_network.get("/people", params={"page": page}) for page in (1, 2, 3, 4)]

    assert [answer.status_code for answer in answers] == [200, 200, 403, 403]
    assert answers[-1].json() == {"error": "API Key invalid or not present an-key"}


@pytest.mark.parametrize(("arguments", "status"), [({}, 401), ({"status": 403}, 403)])
async def test_a_revoked_token_is_refused_as_by_the_service_or_by_another_status(
    services: "Services", arguments: dict[str, int], status: int
) -> None:
    await services.order("revoked", "mobile-commons", account="sync@example.org", **arguments)

    answer = await services.mobile_commons.get("/campaigns")

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")


async def test_a_log_in_page_comes_with_200(services: "Services") -> None:
    await services.order("login-page", "mobile-commons")

    answer = await services.mobile_commons.get("/campaigns")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "type='password'" in answer.text


async def test_a_redirect_leads_where_it_was_ordered_to(services: "Services") -> None:
    await services.order("login-redirect", "mobile-commons", times=1)
    await services.order("login-redirect", location="https://elsewhere.example.org/login")

    answers = [await services.mobile_commons.get("/campaigns"), await services.action_network.get("/people")]

    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (302, "/login"),
        (302, "https://elsewhere.example.org/login"),
    ]


async def test_an_error_of_the_application_comes_with_200(services: "Services") -> None:
    await services.order("application-error", "mobile-commons", id=77, message='"<odd>"')

    answer = await services.mobile_commons.post("/profile_update", data={"phone_number": "12025550123"})
    response = etree.fromstring(answer.content)

    assert (answer.status_code, response.get("success")) == (200, "false")
    assert (response[0].get("id"), response[0].get("message")) == ("77", '"<odd>"')
    assert services.company.profiles == {}
