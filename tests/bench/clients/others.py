"""What somebody would use instead of us: Parsons, or a script that makes one call after the other.

Both end at the first 429, as they do with the real services. A pause between their calls keeps them below the limit.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Final

import httpx

from bench.clients.floors import PEOPLE_PER_PAGE
from bench.clients.work import FIRST_NAME, Work
from bench.simulated import CALLS_PER_SECOND
from support.parsons_process import Connector, Parsons, ParsonsRaised
from support.simulators import Account

FILTER: Final = "modified_date gt '2000-01-01T00:00:00Z'"
"""Finds everybody, as our own reader's window does."""

PAUSE: Final = 1 / CALLS_PER_SECOND
"""Seconds between two calls with which no client exceeds the limit of Action Network."""

REFUSED: Final = "429"
TIMEOUT: Final = 60.0
"""Seconds a script waits for an answer."""


class WithParsons:
    """Parsons' own methods; `pause` in seconds between two calls."""

    def __init__(self, parsons: Parsons, account: Account, *, pause: float = 0) -> None:
        self.name = _name(f"Parsons {parsons.version}", pause)
        self._parsons = parsons
        self._account = account
        self._pause = pause

    def slower(self) -> "WithParsons":
        """Return the same with pauses between its calls."""
        return WithParsons(self._parsons, self._account, pause=PAUSE)

    def read_people(self) -> Work:
        """Ask for all people at once; with a pause page by page, as the method for all of them knows of none."""
        network = self._parsons.action_network(key=self._account.key)
        began, done = time.perf_counter(), 0
        try:
            if not self._pause:
                everybody = network.time("get_people", filter=FILTER)
                return Work(len(everybody.value), everybody.seconds)
            for people in _pages(network):
                done += len(people)
                time.sleep(self._pause)
        except ParsonsRaised as error:
            if f"Code: {REFUSED}" not in str(error):
                raise
            return Work(done, time.perf_counter() - began, ended_by=REFUSED)
        return Work(done, time.perf_counter() - began)

    def update_profiles(self, phones: Sequence[str]) -> Work:
        """Create or update one profile after the other."""
        commons = self._parsons.mobile_commons(token=self._account.token, company=self._account.company)
        seconds = [commons.time("create_profile", phone=phone, first_name=FIRST_NAME).seconds for phone in phones]
        return Work(len(seconds), sum(seconds))


class PlainScript:
    """Twenty lines around httpx, with one connection; `pause` in seconds between two calls."""

    def __init__(self, account: Account, *, pause: float = 0) -> None:
        self.name = _name("plain script", pause)
        self._account = account
        self._pause = pause

    def slower(self) -> "PlainScript":
        """Return the same with pauses between its calls."""
        return PlainScript(self._account, pause=PAUSE)

    def read_people(self) -> Work:
        """Ask for page after page until an empty one."""
        began, done = time.perf_counter(), 0
        url = f"{self._account.simulators.action_network}/api/v2/people"
        with httpx.Client(headers={"OSDI-API-Token": self._account.key}, timeout=TIMEOUT) as http:
            for number in itertools.count(1):
                query = {"filter": FILTER, "page": str(number), "per_page": str(PEOPLE_PER_PAGE)}
                answer = http.get(url, params=query)
                if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                    return Work(done, time.perf_counter() - began, ended_by=REFUSED)
                people = answer.raise_for_status().json()["_embedded"]["osdi:people"]
                if not people:
                    break
                done += len(people)
                time.sleep(self._pause)
        return Work(done, time.perf_counter() - began)

    def update_profiles(self, phones: Sequence[str]) -> Work:
        """Post one form after the other."""
        began = time.perf_counter()
        url = f"{self._account.simulators.mobile_commons}/api/profile_update"
        headers = {"Authorization": f"Bearer {self._account.token}"}
        with httpx.Client(headers=headers, params={"company": self._account.company}, timeout=TIMEOUT) as http:
            for phone in phones:
                http.post(url, data={"phone_number": phone, "first_name": FIRST_NAME}).raise_for_status()
        return Work(len(phones), time.perf_counter() - began)


def _name(name: str, pause: float) -> str:
    return f"{name}, paused" if pause else name


def _pages(network: Connector) -> Iterator[list[object]]:
    for number in itertools.count(1):
        page = network.call("get_people", filter=FILTER, page=number)
        people = page["_embedded"]["osdi:people"]
        if not people:
            return
        yield people
