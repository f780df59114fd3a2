"""What each endpoint answers to a caller whose key is known."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, assert_never
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from anmc_simulators.action_network.people import CURIES, href_of, page_text, to_json, to_text, to_timestamp, update
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.queries import understood
from anmc_simulators.action_network.signup_helper import sign_up
from anmc_simulators.action_network.state import Group
from anmc_simulators.action_network.switches import (
    ActionNetworkSwitches,
    BadInputAnswer,
    Handling,
    KeylessPost,
    Oversize,
)
from anmc_simulators.action_network.writes import BadInput, Failing, Invalid, read

MAX_PAGE_SIZE: Final = 25
"""Page size, which is also the maximum (action-network-api.md 1)."""

ERROR_PAGE: Final = "<!DOCTYPE html><html><body><h1>We're sorry, but something went wrong.</h1></body></html>"
"""What a 500 often is instead of JSON (action-network-api.md 2)."""


class HalResponse(JSONResponse):
    """JSON with the media type of the service."""

    media_type = "application/hal+json"


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request."""

    group: Group
    base: str
    path: dict[str, str]
    query: dict[str, str]
    body: bytes
    content_type: str

    @property
    def settings(self) -> ActionNetworkSwitches:
        """Return how the service behaves at this moment."""
        return self.group.settings

    def document(self) -> object:
        """Return the body.

        Raises:
            BadInput: it is no JSON, or does not say that it is.
        """
        kind = self.content_type.partition(";")[0].strip().lower()
        if kind != "application/json" and self.settings.json_type_required:
            raise BadInput("Content-Type must be application/json")
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise BadInput("the body is not valid JSON") from error

    def person(self) -> Person:
        """Return the person of the path.

        Raises:
            HTTPException: 404, the list has no such person.
        """
        person = self.group.with_id(self.path["id"])
        if person is None:
            raise HTTPException(404, f"Couldn't find person with id = {self.path['id']}")
        return person


def error(status: int, text: str) -> Response:
    """Return an error as the service words it: one member with one string (action-network-api.md 2)."""
    return HalResponse({"error": text}, status)


def refused_key(method: str, key: str, settings: ActionNetworkSwitches) -> Response:
    """Answer a caller whose key opens no list.

    The service repeats the key, so that a leak into logs and events can be tested for (action-network-api.md 2.1).
    """
    if method == "POST" and not key and settings.keyless_post is KeylessPost.BLIND:
        return Response(status_code=200)
    return error(int(settings.bad_key_status), f"API Key invalid or not present {key}")


def entry_point(call: Call) -> Response:
    """Return the entry point for a valid key; tags exist for those of groups only."""
    tags = {"osdi:tags": {"href": f"{call.base}/tags", "title": "The collection of tags in the system"}}
    return HalResponse(_entry_point_document(call.base, {} if call.group.personal else tags))


def public_entry_point(base: str) -> Response:
    """Return the entry point for everybody else, who lack the link to the tags (action-network-api.md 1.2)."""
    return HalResponse(_entry_point_document(base, {}))


def _entry_point_document(base: str, links: dict[str, Any]) -> dict[str, Any]:
    return {
        "motd": "Welcome to the Action Network OSDI API v2 Entry Point!",
        "max_page_size": MAX_PAGE_SIZE,
        "vendor_name": "Action Network",
        "product_name": "Action Network",
        "namespace": "action_network",
        "osdi_version": "1.1.1",
        "_links": {
            "curies": CURIES,
            "self": {"href": f"{base}/", "title": "This API entry point"},
            "osdi:people": {"href": f"{base}/people", "title": "The collection of people in the system"},
            "osdi:person_signup_helper": {"href": f"{base}/people", "title": "Person Signup Helper"},
            **links,
            "action_network:metadata": {"href": f"{base}/metadata"},
        },
    }


def list_people(call: Call) -> Response:
    """Return one page of people; 25 at most, no totals (action-network-api.md 4)."""
    text = call.query.get("filter", "")
    page = max(1, _number(call.query.get("page"), default=1))
    size = _page_size(call)
    wanted = understood(text, call.settings)
    found = call.group.page(wanted, page=page, size=size)
    totals = {}
    if wanted and call.settings.totals_when_filtered:
        count = call.group.count(wanted)
        totals = {"total_pages": -(-count // size), "total_records": count}

    def neighbour(number: int) -> dict[str, str]:
        kept = "filter=" + quote(text, safe="'") + "&" if text else ""
        per_page = f"&per_page={size}" if size != MAX_PAGE_SIZE else ""
        return {"href": f"{call.base}/people?{kept}page={number}{per_page}"}

    body = page_text(
        {
            "per_page": size,
            "page": page,
            **totals,
            "_links": {
                # Also the last page with records has a `next`; only an empty page lacks it, and there are
                # no totals (action-network-api.md 4.1).
                **({"next": neighbour(page + 1)} if found else {}),
                **({"previous": neighbour(page - 1)} if page > 1 else {}),
                "self": {"href": f"{call.base}/people"},
                "osdi:people": [{"href": href_of(person, base=call.base)} for person in found],
                "curies": CURIES,
            },
        },
        (to_text(person, base=call.base, settings=call.settings) for person in found),
    )
    return Response(body, media_type=HalResponse.media_type)


def get_person(call: Call) -> Response:
    """Return one person, always current."""
    return _single(call, call.person())


def create_person(call: Call) -> Response:
    """Create or update a person by the signup helper."""

    def apply() -> Person:
        document = call.document()
        # Unlike a PUT, the helper wants the person wrapped (action-network-api.md 8, 9).
        return sign_up(call.group, read(document.get("person") if isinstance(document, dict) else None, call.settings))

    return _write(call, apply)


def update_person(call: Call) -> Response:
    """Apply a PUT."""

    def apply() -> Person:
        person, document = call.person(), call.document()
        alone = isinstance(document, dict) and set(document) == {"custom_fields"}
        if alone and call.settings.custom_fields_only_put is Handling.FAILING:
            raise Failing
        return update(call.group, person, read(document, call.settings))

    return _write(call, apply)


def delete_person(call: Call) -> Response:
    """Refuse: people cannot be deleted (action-network-api.md 11)."""
    return error(int(call.settings.delete_status), "people cannot be deleted")


def metadata(call: Call) -> Response:
    """Return the way to the metadata that there are (action-network-api.md 1.2, 10.1)."""
    return HalResponse(
        {
            "origin_system": "Action Network",
            "name": "Metadata",
            "description": "The collection of metadata available at this endpoint.",
            "_links": {
                "self": {"href": f"{call.base}/metadata"},
                "action_network:custom_fields": {"href": f"{call.base}/metadata/custom_fields"},
                "curies": CURIES,
            },
        }
    )


def custom_fields(call: Call) -> Response:
    """Return the names of the custom fields; not paged (action-network-api.md 10.1)."""
    return HalResponse(
        {
            "origin_system": "Action Network",
            "name": "Custom Fields",
            "description": "The collection of custom fields available at this endpoint.",
            "_links": {"self": [{"href": f"{call.base}/metadata/custom_fields"}], "curies": []},
            "action_network:custom_fields": [
                {
                    "name": field.name,
                    "created_date": to_timestamp(field.created),
                    "modified_date": to_timestamp(field.created),
                    "notes": None,
                    "numeric_id": field.numeric_id,
                }
                for field in call.group.custom_fields.values()
            ],
        }
    )


def _write(call: Call, apply: Callable[[], Person]) -> Response:
    """Answer a write, at once or in the background, whose errors nobody sees (action-network-api.md 7)."""
    if call.query.get("background_request") == "true":

        def unseen() -> None:
            with suppress(Invalid, Failing, HTTPException):
                apply()

        call.group.later(unseen)
        return HalResponse({})
    try:
        return _single(call, apply())
    except BadInput as bad:
        return _bad_input(call.settings.bad_input, str(bad))
    except Failing:
        return _bad_input(BadInputAnswer.EMPTY_500, "")


def _bad_input(answer: BadInputAnswer, text: str) -> Response:
    match answer:
        case BadInputAnswer.JSON_400:
            return error(400, text)
        case BadInputAnswer.JSON_500:
            return error(500, "internal error")
        case BadInputAnswer.HTML_500:
            return HTMLResponse(ERROR_PAGE, 500)
        case BadInputAnswer.EMPTY_500:
            return Response(status_code=500)
        case _:
            assert_never(answer)


def _page_size(call: Call) -> int:
    size = max(1, _number(call.query.get("per_page"), default=MAX_PAGE_SIZE))
    if size > MAX_PAGE_SIZE and call.settings.per_page_over_25 is Oversize.REFUSED:
        raise Invalid("per_page must not be more than 25")
    return min(size, MAX_PAGE_SIZE)


def _single(call: Call, person: Person) -> Response:
    document = to_json(person, base=call.base, settings=call.settings)
    return HalResponse({**document, "_links": {**document["_links"], "curies": CURIES}})


def _number(text: str | None, *, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else default
