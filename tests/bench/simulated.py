"""Both simulated services as one process, with the limits of the real ones and the slowness that a benchmark wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.simulators import Account, Simulators, running_simulators

ACTION_NETWORK: Final = "action-network"
MOBILE_COMMONS: Final = "mobile-commons"

CALLS_PER_SECOND: Final = 4
"""Most calls in a second with one key of Action Network (action-network-api.md 3.1)."""

CALLS_AT_A_TIME: Final = 160
"""Most calls in flight of one company of Mobile Commons (mobile-commons-api.md 9.2)."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a service saw: all calls and those answered by 429, the most in one second and the most at a time."""

    calls: int = 0
    refused: int = 0
    per_second: int = 0
    at_a_time: int = 0


class Services:
    """The running services, and an account of them."""

    def __init__(self, simulators: Simulators) -> None:
        self._simulators = simulators
        self.account: Account = simulators.open_account()

    def add_people(self, number: int) -> None:
        """Put people on the list, each with a number of its own."""
        for place in range(number):
            self.account.add_person(
                email=f"ada.{place}@example.org", phone=self._simulators.new_number(), given_name="Ada"
            )

    def new_numbers(self, number: int) -> list[str]:
        """Return numbers that no profile has."""
        return [self._simulators.new_number() for _ in range(number)]

    def forget_traffic(self) -> None:
        """Begin to count anew."""
        self._simulators.post("/reset", {"only": ["journal"]})

    def traffic(self, service: str) -> Traffic:
        """Return what one of the services has seen of the account since then."""
        whose = {ACTION_NETWORK: self.account.key, MOBILE_COMMONS: self.account.company}[service]
        journal = self._simulators.get("/journal", service=service, account=whose, limit="0") or {}
        return next(
            (
                Traffic(
                    calls=row["calls"],
                    refused=row["too_many_requests"],
                    per_second=row["max_calls_per_second"],
                    at_a_time=row["peak_concurrency"],
                )
                for row in journal["accounts"]
            ),
            Traffic(),
        )


@contextmanager
def running_services(
    directory: Path, *, action_network_latency: float, mobile_commons_latency: float
) -> Iterator[Services]:
    """Run the services for the length of the block; latencies in seconds."""
    with running_simulators(directory) as simulators:
        simulators.post("/limits", {"service": ACTION_NETWORK, "calls_per_second": CALLS_PER_SECOND})
        simulators.post("/limits", {"service": MOBILE_COMMONS, "concurrency": CALLS_AT_A_TIME})
        simulators.post("/latency", {"service": ACTION_NETWORK, "latency": action_network_latency})
        simulators.post("/latency", {"service": MOBILE_COMMONS, "latency": mobile_commons_latency})
        yield Services(simulators)
