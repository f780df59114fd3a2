"""What a kind of fault is: a layer around a service, which may hold back, refuse, spoil or lose an answer."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.bodies import Body
from anmc_simulators.clock import Clock
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.face import Face
from anmc_simulators.frame.waiting import Patience
from anmc_simulators.operations import Service

BOTH: Final = frozenset(Service)

Proceed = Callable[[Arrival], Awaitable[Response]]
"""Hands a request to what lies further in, at the end to the service itself."""

Fires = Callable[[], bool]
"""Tells whether the fault happens to this request, and counts the request; to be asked once at most."""


class Place(IntEnum):
    """Where a fault stands between client and service, the outermost first."""

    HEADERS = 0
    DELAY = 1
    CONNECTION = 2
    REFUSAL = 3
    BYTES = 4
    RECORDS = 5


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a fault may use."""

    request: HttpRequest
    face: Face
    clock: Clock
    patience: Patience


class Fault(Body, ABC):
    """One kind of fault with its arguments, which are the members of the model."""

    name: ClassVar[str]
    place: ClassVar[Place]
    services: ClassVar[frozenset[Service]] = BOTH

    def concerns(self, arrival: Arrival) -> bool:
        """Tell whether such a request can be hit at all; those that cannot are not counted."""
        return arrival.service in self.services

    @abstractmethod
    async def apply(self, around: Surroundings, arrival: Arrival, proceed: Proceed, fires: Fires) -> Response:
        """Answer a request, hit by the fault or not."""


class RequestFault(Fault):
    """A fault that hits whichever request it concerns, whatever the answer would be."""

    @override
    async def apply(self, around: Surroundings, arrival: Arrival, proceed: Proceed, fires: Fires) -> Response:
        if not fires():
            return await proceed(arrival)
        return await self.hit(around, arrival, proceed)

    @abstractmethod
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        """Answer a request that is hit."""


class PageFault(RequestFault):
    """A fault of the pages of a list; other requests pass."""

    place = Place.RECORDS

    @override
    def concerns(self, arrival: Arrival) -> bool:
        return arrival.page is not None


def with_body(response: Response, body: bytes) -> Response:
    """Return the answer with another body, its length corrected."""
    response.body = body
    response.headers["Content-Length"] = str(len(body))
    return response
