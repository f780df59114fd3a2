"""One request as a service understood it, before anything is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from anmc_simulators.operations import OPERATIONS, Service


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who asks for what.

    `account` is the API key or the login that the request came with, `company` the key of the company of Mobile
    Commons that it is about. `body` is a JSON document that does not count among the `parameters`.
    """

    service: Service
    operation: str
    account: str
    method: str
    path: str
    parameters: Mapping[str, str]
    company: str = ""
    body: object | None = None

    @property
    def limited_as(self) -> str:
        """Return whose calls are counted together: those of a key, or those of a company's logins."""
        return self.company or self.account

    @property
    def is_write(self) -> bool:
        """Tell whether the request may change something."""
        return self.operation in OPERATIONS[self.service].writes

    @property
    def page(self) -> int | None:
        """Return which page of a list is asked for, from 1; None when it is no list."""
        if self.operation not in OPERATIONS[self.service].lists:
            return None
        text = self.parameters.get("page", "")
        return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) <= 9 else 1

    def at_page(self, number: int) -> "Arrival":
        """Return the request for another page of the same list."""
        return replace(self, parameters={**self.parameters, "page": str(number)})

    def is_of(self, account: str) -> bool:
        """Tell whether the request belongs to an account, named by its key, its login or its company."""
        return account in {self.account, self.company}
