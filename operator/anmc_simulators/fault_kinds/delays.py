"""Faults that cost time."""

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Annotated, ClassVar, Final

from pydantic import Field
from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.fault_kinds.kind import Place, Proceed, RequestFault, Surroundings
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.connection import SlowBody

MAX_SECONDS: Final = 3600
"""The longest wait; clients of Mobile Commons are known to wait an hour (mobile-commons-api.md 9.3)."""

Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]

_PAUSE: Final = 0.1
"""Seconds between two pieces of a slow body."""


class Latency(RequestFault):
    """The request waits before it is handled, in addition to the latency of the service."""

    name = "latency"
    place = Place.DELAY
    seconds: Seconds

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        await around.patience.pause(self.seconds)
        return await proceed(arrival)


class _SlowBodyFault(RequestFault):
    place = Place.CONNECTION
    bytes_per_second: Annotated[int, Field(ge=1, le=100_000_000)]
    endless: ClassVar[bool]

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        size = max(1, int(self.bytes_per_second * _PAUSE))
        pieces: Iterator[bytes] = _pieces(bytes(response.body), size)
        if self.endless:
            del response.headers["Content-Length"]
            pieces = chain(pieces, repeat(b" " * size))
        return SlowBody(response, pieces, pause=size / self.bytes_per_second, patience=around.patience)


class SlowDrip(_SlowBodyFault):
    """The body comes complete, but in drips; a read time-out that starts anew with each piece never ends it."""

    name = "slow-drip"
    endless = False
    bytes_per_second: Annotated[int, Field(ge=1, le=100_000_000)] = 100


class EndlessBody(_SlowBodyFault):
    """The body is followed by white space without an end."""

    name = "endless-body"
    endless = True
    bytes_per_second: Annotated[int, Field(ge=1, le=100_000_000)] = 1_000_000


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))
