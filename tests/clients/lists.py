"""Lists as the services serve them page by page, with records that spoil every page they are on."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

import httpx
from typing_extensions import override

LATE = "2026-02-02T00:00:00Z"

Spoil = Callable[[str], tuple[int, str]]
"""Makes an unreadable answer of a good one: status and body."""


def fails(_body: str) -> tuple[int, str]:
    return 500, "<html><h1>We're sorry, but something went wrong.</h1></html>"


def is_cut_off(body: str) -> tuple[int, str]:
    return 200, body[: len(body) * 9 // 10]


def counts_wrong(body: str) -> tuple[int, str]:
    return 200, body.replace('num="', 'num="7', 1)


def is_unavailable(_body: str) -> tuple[int, str]:
    return 503, ""


@dataclass
class ServedList(ABC):
    """Records by position from 0; `spoiled` positions spoil each answer that holds one of them."""

    length: int
    spoiled: Mapping[int, Spoil] = field(default_factory=dict)
    odd: Mapping[int, str] = field(default_factory=dict)
    """Records that are served in another form than they should be."""
    spoils_everything: Spoil | None = None
    calls: list[tuple[int, int]] = field(default_factory=list)
    """Page and size of each request."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        page, size = self.place(request)
        self.calls.append((page, size))
        positions = range((page - 1) * size, min(page * size, self.length))
        body = self.body([self.odd.get(at, self.record(at)) for at in positions], page)
        spoil = self.spoils_everything or next((self.spoiled[at] for at in positions if at in self.spoiled), None)
        status, text = spoil(body) if spoil else (200, body)
        return httpx.Response(status, text=text)

    @abstractmethod
    def place(self, request: httpx.Request) -> tuple[int, int]:
        """Return page and size asked for."""

    @abstractmethod
    def record(self, position: int) -> str:
        """Return a record as it goes over the wire."""

    @abstractmethod
    def body(self, records: list[str], page: int) -> str:
        """Return a page of records."""

    @abstractmethod
    def id(self, position: int) -> str:
        """Return the id of a record."""


class PeopleList(ServedList):
    """People of Action Network."""

    @override
    def place(self, request: httpx.Request) -> tuple[int, int]:
        return int(request.url.params["page"]), int(request.url.params["per_page"])

    @override
    def id(self, position: int) -> str:
        return f"0b1e6c1e-0000-4000-8000-{position:012}"

    @override
    def record(self, position: int) -> str:
        return json.dumps({"identifiers": [f"action_network:{self.id(position)}"], "modified_date": LATE})

    @override
    def body(self, records: list[str], page: int) -> str:
        following = {"next": {"href": f"https://actionnetwork.org/api/v2/people?page={page + 1}"}} if records else {}
        return f'{{"_links": {json.dumps(following)}, "_embedded": {{"osdi:people": [{",".join(records)}]}}}}'


class ProfileList(ServedList):
    """Profiles of Mobile Commons."""

    @override
    def place(self, request: httpx.Request) -> tuple[int, int]:
        return int(request.url.params["page"]), int(request.url.params["limit"])

    @override
    def id(self, position: int) -> str:
        return str(700000000 + position)

    def number(self, position: int) -> str:
        return str(12025550000 + position)

    @override
    def record(self, position: int) -> str:
        number = f"<phone_number>{self.number(position)}</phone_number>"
        return f'<profile id="{self.id(position)}">{number}</profile>'

    @override
    def body(self, records: list[str], page: int) -> str:
        profiles = f'<profiles num="{len(records)}" page="{page}">{"".join(records)}</profiles>'
        return f'<response success="true">{profiles}</response>'


class SubscriberList(ProfileList):
    """Rows of a campaign of Mobile Commons."""

    @override
    def record(self, position: int) -> str:
        texts = f"<profile_id>{self.id(position)}</profile_id><phone_number>{self.number(position)}</phone_number>"
        return f"<sub>{texts}</sub>"

    @override
    def body(self, records: list[str], page: int) -> str:
        rows = f'<subscriptions num="{len(records)}" page="{page}">{"".join(records)}</subscriptions>'
        return f'<response success="true">{rows}</response>'


class LookedUpProfiles(ProfileList):
    """Profiles that are looked up by number, or listed as a sample."""

    @override
    def __call__(self, request: httpx.Request) -> httpx.Response:
        numbers = request.url.params.get("phone_number")
        if numbers is None:
            return super().__call__(request)
        positions = [int(number) - 12025550000 for number in unquote(numbers).split(",")]
        self.calls.append((1, len(positions)))
        found = [at for at in positions if at < self.length]
        body = self.body([self.odd.get(at, self.record(at)) for at in found], 1)
        spoil = self.spoils_everything or next((self.spoiled[at] for at in found if at in self.spoiled), None)
        status, text = spoil(body) if spoil else (200, body)
        return httpx.Response(status, text=text)
