"""What the frame has to know of a service, beyond how it answers."""

from typing import Protocol

from starlette.responses import Response

from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.page import Page
from anmc_simulators.operations import Service


class Face(Protocol):
    """One service as faults and journal see it."""

    service: Service

    def error(self, status: int) -> Response:
        """Return an error in the words of the service."""
        ...

    def unauthorised(self, arrival: Arrival, status: int | None) -> Response:
        """Return what the service answers to credentials that are none; None stands for its own status."""
        ...

    def read_page(self, body: bytes) -> Page | None:
        """Return the records in an answer; None when there are none to be found."""
        ...

    def snapshot(self, arrival: Arrival) -> object:
        """Return what a write is about, to be compared with the same afterwards; None when that says nothing."""
        ...

    def insert_record(self, arrival: Arrival) -> None:
        """Let somebody new appear in the account that is being read."""
        ...

    def touch_record(self, arrival: Arrival, *, place: int) -> None:
        """Let somebody in the account that is being read change, by place in the order of the list."""
        ...
