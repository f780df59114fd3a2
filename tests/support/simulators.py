"""Both simulated services as a process, and accounts in it that share nothing."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from anmc_simulators.invented import phone_at
from support.waiting import wait_for

SCRIPT: Final = Path(sys.executable).parent / "anmc-simulators"

BOX: Final = "sms_opt_in"
ID_COLUMN: Final = "constituent_id"
TICKED, UNTICKED = "1", "0"

WRITES: Final = frozenset({"update_profile", "opt_in", "opt_out", "create_person", "update_person", "delete_person"})
"""Operations of the journal that change something in either service."""

Record = dict[str, Any]


class Simulators:
    """The control API of a running process."""

    def __init__(self, *, mobile_commons: str, action_network: str) -> None:
        self.mobile_commons = mobile_commons
        self.action_network = action_network
        self._http = httpx.Client(base_url=f"{mobile_commons}/_sim", timeout=30)
        self._numbers = itertools.count()
        self._accounts = itertools.count(1)

    @property
    def origins(self) -> str:
        """Both addresses, as ANMC_ALLOWED_ORIGINS takes them."""
        return f"{self.mobile_commons},{self.action_network}"

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def new_number(self) -> str:
        """Return a number that nobody has yet, digits only."""
        return phone_at(next(self._numbers))

    def open_account(self) -> "Account":
        """Create a company with one campaign and a list, for one integration alone."""
        number = next(self._accounts)
        company = self.post(
            "/mobile-commons/companies",
            {
                "columns": [ID_COLUMN],
                "campaigns": [{"opt_in_paths": [{}]}],
                "users": [{"login": f"sync-{number}@example.org", "tokens": [f"invented-commons-token-{number}"]}],
            },
        )
        key = f"invented-network-key-{number}"
        self.post("/action-network/groups", {"key": key, "custom_fields": [BOX]})
        return Account(self, company=company, token=f"invented-commons-token-{number}", key=key)

    def slow_down(self, service: str, operation: str, *, seconds: float, times: int | None = None) -> None:
        """Let every call of an operation, or the next `times` ones, take this much longer."""
        self.post("/faults", {"service": service, "operation": operation, "latency": seconds, "times": times})

    def fail(self, service: str, operation: str, *, status: int) -> None:
        """Answer every call of an operation with a status."""
        self.post("/faults", {"service": service, "operation": operation, "status": status})

    def recover(self) -> None:
        """Withdraw every fault."""
        self._http.delete("/faults").raise_for_status()

    def journal(self) -> Record:
        """Return what was received and which texts were sent, by all accounts."""
        return self.get("/journal") or {}

    def get(self, path: str, **query: str) -> Record | None:
        """Ask the control API; None when there is no such record."""
        answer = self._http.get(path, params=query)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        document: Record = answer.raise_for_status().json()
        return document

    def post(self, path: str, body: Mapping[str, Any]) -> Record:
        """Act through the control API."""
        document: Record = self._http.post(path, json=dict(body)).raise_for_status().json()
        return document


class Account:
    """One company of Mobile Commons and one list of Action Network, seen by staff and by people."""

    def __init__(self, simulators: Simulators, *, company: Record, token: str, key: str) -> None:
        self.simulators = simulators
        self.company: str = company["key"]
        self.campaign: str = company["campaigns"][0]["id"]
        self.path: str = company["campaigns"][0]["opt_in_paths"][0]["id"]
        self.login: str = company["users"][0]["login"]
        self.token = token
        self.key = key
        self.keys = [key]
        """Every key of the list, the revoked ones too."""

    def text_keyword(self, phone: str, **fields: str) -> None:
        """Join by phone, then give more than a number."""
        whose = {"phone": phone, "company": self.company}
        self.simulators.post("/mobile-commons/keyword", {**whose, "campaign_id": self.campaign})
        if fields:
            self.simulators.post("/mobile-commons/profile", {**whose, "fields": fields})

    def text_stop(self, phone: str) -> None:
        """Leave by phone."""
        self.simulators.post("/mobile-commons/stop", {"phone": phone, "company": self.company})

    def add_profile(self, phone: str, **fields: str) -> None:
        """Add a profile without a subscription by hand."""
        rows = [{"phone": phone, "fields": fields}]
        self.simulators.post("/mobile-commons/upload", {"profiles": rows, "company": self.company})

    def profile(self, phone: str) -> Record | None:
        """Return the profile of a number."""
        return self.simulators.get(f"/mobile-commons/profiles/{phone}", company=self.company)

    def subscriptions(self, phone: str) -> list[str]:
        """Return the status of each subscription of a number."""
        return [row["status"] for row in (self.profile(phone) or {}).get("subscriptions", ())]

    def add_person(self, *, box: str | None = None, days_ago: int = 0, **fields: str) -> str:
        """Add a person by hand, with or without a box; returns the id."""
        boxes = {} if box is None else {BOX: box}
        body = {**fields, "custom_fields": boxes, "key": self.key, "days_ago": days_ago}
        person: str = self.simulators.post("/action-network/people", body)["id"]
        return person

    def person(self, person_id: str) -> Record:
        """Return a person who is there."""
        found = self.simulators.get(f"/action-network/people/{person_id}", key=self.key)
        assert found is not None
        return found

    def set_box(self, person_id: str, box: str) -> None:
        """Tick or untick the box by hand."""
        body = {"custom_fields": {BOX: box}, "key": self.key}
        self.simulators.post(f"/action-network/people/{person_id}", body)

    def holder(self, phone: str) -> Record | None:
        """Return who holds a number."""
        return self.simulators.get("/action-network/people", phone=phone, key=self.key)

    def replace_token(self, token: str) -> None:
        """Revoke the token of Mobile Commons; the login has another one from now on."""
        user = {"login": self.login, "tokens": [token], "companies": [self.company]}
        self.simulators.post("/mobile-commons/users", user)
        self.token = token

    def replace_key(self, key: str) -> None:
        """Revoke the key of Action Network."""
        self.simulators.post("/action-network/replace-key", {"key": self.key, "new_key": key})
        self.key = key
        self.keys.append(key)

    def requests(self) -> list[Record]:
        """Return the requests that came with this account's credentials, oldest first."""
        mine = {self.login, *self.keys}
        return [request for request in self.simulators.journal()["requests"] if request["account"] in mine]

    def operations(self) -> list[str]:
        """Return the names of these requests."""
        return [request["operation"] for request in self.requests()]

    def writes(self) -> list[str]:
        """Return those that change something."""
        return [operation for operation in self.operations() if operation in WRITES]

    def texts(self) -> list[str]:
        """Return the numbers that were texted, each as often as it was."""
        return [text["phone"] for text in self.simulators.journal()["texts"] if text["account"] == self.company]


@contextmanager
def running_simulators(directory: Path) -> Iterator[Simulators]:
    """Run the installed program for the length of the block; Action Network's filter does not trail.

    It counts no calls a second: tests ask with the keys of the operator too, and end operators in mid-run whose
    successors know nothing of the last second.
    """
    ready, log = directory / "ready.json", directory / "simulators.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [SCRIPT, "serve", "--lag", "0", "--calls-per-second", "0", "--ready-file", ready],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        urls = wait_for("both simulators listen", lambda: json.loads(ready.read_text()) if ready.exists() else None)
        with closing(Simulators(**urls)) as simulators:
            yield simulators
    finally:
        process.kill()
        process.wait()
