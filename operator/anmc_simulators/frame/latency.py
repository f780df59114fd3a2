"""How long the services take for an answer, as distributions that a seed repeats."""

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.operations import Service

MAX_SECONDS: Final = 600.0
"""The longest latency: clients of Mobile Commons run with time-outs of minutes (mobile-commons-api.md 9.3)."""

GRAMMAR: Final = "SECONDS, constant:SECONDS, uniform:FROM:TO or lognormal:MEDIAN:SIGMA, each with +SECONDS/page behind"
"""How a latency is written, on the command line and for the control API."""

_NUMBER: Final = r"\d+(?:\.\d+)?"
_TEXT: Final = re.compile(
    rf"(?:(?:(?P<kind>constant|uniform|lognormal):)?(?P<first>{_NUMBER})(?::(?P<second>{_NUMBER}))?)"
    rf"(?:\+(?P<growth>{_NUMBER})/page)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of seconds; `growth` is added for each page before the one that is read.

    `first` and `second` are value and nothing, lower and upper bound, or median and sigma of the logarithm.
    """

    kind: str = "constant"
    first: float = 0.0
    second: float = 0.0
    growth: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Latency":
        """Read a latency as `GRAMMAR` has it.

        Raises:
            ValueError: it is none, or longer than `MAX_SECONDS`.
        """
        match = _TEXT.fullmatch(text.strip())
        kind = (match["kind"] or "constant") if match else ""
        if match is None or (match["second"] is None) is not (kind == "constant"):
            raise ValueError(f"latency must be {GRAMMAR}")
        latency = cls(kind, float(match["first"]), float(match["second"] or 0), float(match["growth"] or 0))
        if max(latency.first, latency.second, latency.growth) > MAX_SECONDS:
            raise ValueError(f"latency must not be longer than {MAX_SECONDS:g} seconds")
        if kind == "uniform" and latency.first > latency.second:
            raise ValueError("latency: the first bound must not be above the second")
        return latency

    @override
    def __str__(self) -> str:
        bounds = f"{self.first:g}" if self.kind == "constant" else f"{self.first:g}:{self.second:g}"
        return f"{self.kind}:{bounds}" + (f"+{self.growth:g}/page" if self.growth else "")

    def draw(self, dice: random.Random, *, page: int = 1) -> float:
        """Return the seconds that one answer takes."""
        match self.kind:
            case "uniform":
                seconds = dice.uniform(self.first, self.second)
            case "lognormal":
                seconds = self.first * math.exp(dice.gauss(0.0, self.second)) if self.first else 0.0
            case _:
                seconds = self.first
        return min(MAX_SECONDS, seconds + self.growth * (page - 1))


AT_ONCE: Final = Latency()

_Whose = tuple[Service, str | None]


class Latencies:
    """The latency of each service, and of accounts that have one of their own."""

    def __init__(self, defaults: Mapping[Service, Latency] | None = None, *, seed: int = 1) -> None:
        self._defaults = dict.fromkeys(Service, AT_ONCE) | dict(defaults or {})
        self._seed = seed
        self._set: dict[_Whose, Latency] = {}
        self._dice: dict[Service, random.Random] = {}
        self.reset()

    def set(self, service: Service, account: str | None, latency: Latency, *, seed: int | None = None) -> None:
        """Set the latency of a service or of one account; a seed starts the service's dice anew."""
        self._set[service, account] = latency
        if seed is not None:
            self._dice[service] = random.Random(seed)

    def reset(self) -> None:
        """Go back to the latencies of the start, with the dice as they were."""
        self._set.clear()
        self._dice = {service: random.Random(f"{self._seed}/{service}") for service in Service}

    def of(self, service: Service, account: str | None = None) -> Latency:
        """Return the latency of a service or of one account."""
        return self._set.get((service, account)) or self._set.get((service, None)) or self._defaults[service]

    def draw(self, arrival: Arrival) -> float:
        """Return how long this request takes."""
        latency = self._own(arrival) if self._set else self._defaults[arrival.service]
        if latency is AT_ONCE:
            return 0.0
        return latency.draw(self._dice[arrival.service], page=arrival.page or 1)

    def document(self) -> dict[str, Any]:
        """Return the latencies in force as JSON-ready data."""
        accounts = sorted((service, account) for service, account in self._set if account)
        return {
            "services": [{"service": service, "latency": str(self.of(service))} for service in Service],
            "accounts": [
                {"service": service, "account": account, "latency": str(self.of(service, account))}
                for service, account in accounts
            ],
        }

    def _own(self, arrival: Arrival) -> Latency:
        names = (name for name in (arrival.limited_as, arrival.account) if (arrival.service, name) in self._set)
        return self.of(arrival.service, next(names, None))
