"""Both simulated services, as people or staff see them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx

TIMEOUT: Final = 10.0
"""Seconds; an answer takes a few milliseconds."""

WRITES: Final = frozenset({"update_profile", "opt_in", "opt_out", "create_person", "update_person", "delete_person"})
"""Operations of the journal that change something in either service."""


class Simulators:
    """The control API of both services, which has no part in the sync."""

    def __init__(self, *, mobile_commons: str, action_network: str) -> None:
        self.mobile_commons = mobile_commons
        self.action_network = action_network
        self._http = httpx.Client(base_url=f"{mobile_commons}/_sim", timeout=TIMEOUT)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def seed(self, people: int) -> dict[str, Any]:
        """Invent people on both sides; returns credentials, ids, and who is what kind of case."""
        return self._post("/seed", {"people": people})

    def text_keyword(self, phone: str, *, campaign_id: str) -> None:
        """Text the keyword from this number."""
        self._post("/mobile-commons/keyword", {"phone": phone, "campaign_id": campaign_id})

    def text_stop(self, phone: str) -> None:
        """Text STOP from this number."""
        self._post("/mobile-commons/stop", {"phone": phone})

    def fill_form(self, phone: str, fields: Mapping[str, str]) -> None:
        """Give Mobile Commons more than a number."""
        self._post("/mobile-commons/profile", {"phone": phone, "fields": dict(fields)})

    def edit_person(self, person_id: str, changes: Mapping[str, Any]) -> None:
        """Change a record in Action Network as staff do."""
        self._post(f"/action-network/people/{person_id}", dict(changes))

    def order_fault(self, fault: str, *, operation: str, **arguments: Any) -> None:
        """Let an operation of Mobile Commons go wrong until `recover`."""
        order = {"fault": fault, "service": "mobile-commons", "operation": operation, **arguments}
        self._post("/faults", order)

    def recover(self) -> None:
        """Withdraw every fault."""
        self._http.delete("/faults").raise_for_status()

    def profile(self, phone: str) -> dict[str, Any] | None:
        """Return the profile of a number."""
        return self._find(f"/mobile-commons/profiles/{phone}")

    def person(self, person_id: str) -> dict[str, Any] | None:
        """Return the person with an id."""
        return self._find(f"/action-network/people/{person_id}")

    def holder(self, phone: str) -> dict[str, Any] | None:
        """Return the person who holds a number."""
        return self._find(f"/action-network/people?phone={phone}")

    def filter_shows_newest(self, person_id: str, *, key: str) -> bool:
        """Say whether Action Network's own filter has caught up with the last change of a person."""
        person = self.person(person_id)
        if person is None:
            return False
        # `gt` leaves out the time it names.
        before = datetime.fromisoformat(person["modified_date"]) - timedelta(seconds=1)
        wanted = quote(f"identifier eq 'action_network:{person_id}' and modified_date gt '{before:%Y-%m-%dT%H:%M:%SZ}'")
        answer = self._http.get(f"{self.action_network}/api/v2/people?filter={wanted}", headers={"OSDI-API-Token": key})
        return bool(answer.raise_for_status().json()["_embedded"]["osdi:people"])

    def texts(self) -> list[dict[str, Any]]:
        """Return the texts that Mobile Commons has sent since the start because somebody else caused them."""
        return list(self._journal()["texts"])

    def opt_in_calls(self) -> list[str]:
        """Return the numbers that Mobile Commons was asked to opt in through a path; it may have refused."""
        calls = [request for request in self.requests() if request["operation"] == "opt_in"]
        return [call["parameters"]["phone_number"] for call in calls]

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests that reached either service since the start, oldest first."""
        return list(self._journal()["requests"])

    def _journal(self) -> dict[str, Any]:
        found = self._find("/journal")
        return found or {}

    def _find(self, path: str) -> dict[str, Any] | None:
        answer = self._http.get(path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        document: dict[str, Any] = answer.raise_for_status().json()
        return document

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = self._http.post(path, json=dict(body)).raise_for_status().json()
        return document
