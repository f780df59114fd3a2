"""What each endpoint answers to a caller whose key is known."""

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from anmc_simulators.action_network.filters import parse
from anmc_simulators.action_network.people import CURIES, to_json, to_timestamp, update
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.signup_helper import sign_up
from anmc_simulators.action_network.state import Group
from anmc_simulators.action_network.writes import Invalid, read

MAX_PAGE_SIZE: Final = 25
"""Page size, which is also the maximum (action-network-api.md 1)."""


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

    def document(self) -> object:
        """Return the body.

        Raises:
            Invalid: it is no JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Invalid("the body is not valid JSON") from error

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


def entry_point(call: Call) -> Response:
    """Return the entry point for a key of a group."""
    tags = {"osdi:tags": {"href": f"{call.base}/tags", "title": "The collection of tags in the system"}}
    return HalResponse(_entry_point_document(call.base, tags))


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
    size = min(MAX_PAGE_SIZE, max(1, _number(call.query.get("per_page"), default=MAX_PAGE_SIZE)))
    found = call.group.page(parse(text) if text else (), page=page, size=size)
    records = [to_json(person, base=call.base) for person in found]

    def neighbour(number: int) -> dict[str, str]:
        kept = "filter=" + quote(text, safe="'") + "&" if text else ""
        per_page = f"&per_page={size}" if size != MAX_PAGE_SIZE else ""
        return {"href": f"{call.base}/people?{kept}page={number}{per_page}"}

    return HalResponse(
        {
            "per_page": size,
            "page": page,
            "_links": {
                # Also the last page with records has a `next`; only an empty page lacks it, and there are
                # no totals (action-network-api.md 4.1).
                **({"next": neighbour(page + 1)} if records else {}),
                **({"previous": neighbour(page - 1)} if page > 1 else {}),
                "self": {"href": f"{call.base}/people"},
                "osdi:people": [record["_links"]["self"] for record in records],
                "curies": CURIES,
            },
            "_embedded": {"osdi:people": records},
        }
    )


def get_person(call: Call) -> Response:
    """Return one person, always current."""
    return _single(call, call.person())


def create_person(call: Call) -> Response:
    """Create or update a person by the signup helper."""
    document = call.document()
    # Unlike a PUT, the helper wants the person wrapped (action-network-api.md 8, 9).
    written = read(document.get("person") if isinstance(document, dict) else None)
    return _single(call, sign_up(call.group, written))


def update_person(call: Call) -> Response:
    """Apply a PUT."""
    person = call.person()
    return _single(call, update(call.group, person, read(call.document())))


def delete_person(_call: Call) -> Response:
    """Refuse: people cannot be deleted (action-network-api.md 11)."""
    return error(405, "people cannot be deleted")


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


def _single(call: Call, person: Person) -> Response:
    document = to_json(person, base=call.base)
    return HalResponse({**document, "_links": {**document["_links"], "curies": CURIES}})


def _number(text: str | None, *, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else default
