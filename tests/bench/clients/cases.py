"""The two cases: reading people from Action Network, updating profiles in Mobile Commons."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bench.clients import floors
from bench.clients.measurement import Measurement
from bench.clients.work import Client, Other, Task, Work
from bench.simulated import ACTION_NETWORK, MOBILE_COMMONS, Services

READING: Final = "reading"
UPDATING: Final = "updating"

SAMPLE: Final = 40
"""Times fewer profiles for those who update one after the other: all of them would take ten minutes each."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to do, how slow the services are in seconds, and how many writes may be in flight."""

    people: int
    updates: int
    latency: float
    update_latency: float
    concurrency: int


class Cases:
    """Measures one client after the other on the same account."""

    def __init__(self, services: Services, size: Size) -> None:
        self._services = services
        self._size = size

    def run(self, ours: Client, others: list[Other]) -> Iterator[Measurement]:
        """Yield the rows of both cases."""
        yield self._reading(ours, is_ours=True)
        for other in others:
            row = self._reading(other, is_ours=False)
            yield row
            if row.work.ended_by:
                yield self._reading(other.slower(), is_ours=False)
        yield self._updating(ours, self._size.updates, is_ours=True)
        for other in others:
            yield self._updating(other, max(1, self._size.updates // SAMPLE), is_ours=False)

    def _reading(self, client: Client, *, is_ours: bool) -> Measurement:
        people = self._size.people
        time.sleep(1)  # the calls of the client before must not count against the limit of this one
        floor = floors.reading(people, latency=self._size.latency)
        return self._measure(Task(READING, client.name, people, floor, is_ours), client.read_people, ACTION_NETWORK)

    def _updating(self, client: Client, updates: int, *, is_ours: bool) -> Measurement:
        phones = self._services.new_numbers(updates)
        floor = floors.updating(updates, latency=self._size.update_latency, at_a_time=self._size.concurrency)
        task = Task(UPDATING, client.name, updates, floor, is_ours)
        return self._measure(task, lambda: client.update_profiles(phones), MOBILE_COMMONS)

    def _measure(self, task: Task, do: Callable[[], Work], service: str) -> Measurement:
        say(f"{task.case}: {task.client}, {task.records} records, at least {task.floor.seconds:.1f} s")
        self._services.forget_traffic()
        work = do()
        return Measurement(task, work, self._services.traffic(service))


def say(text: str) -> None:
    """Tell whoever waits what is going on."""
    print(f"bench-clients: {text}", file=sys.stderr)  # noqa: T201  it talks to a person at a terminal
