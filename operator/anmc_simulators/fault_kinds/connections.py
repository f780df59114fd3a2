"""Faults in which no complete answer comes."""

from typing import ClassVar

from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.fault_kinds.delays import Seconds
from anmc_simulators.fault_kinds.kind import Place, Proceed, RequestFault, Surroundings
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.connection import NoAnswer


class _Lost(RequestFault):
    place = Place.CONNECTION
    is_applied: ClassVar[bool]

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        if self.is_applied:
            await proceed(arrival)
        return NoAnswer()


class _Held(_Lost):
    seconds: Seconds = 600

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        answer = await super().hit(around, arrival, proceed)
        await around.patience.hold(around.request.receive, self.seconds)
        return answer


class TimeoutBefore(_Held):
    """Nothing is done and no answer comes until the client leaves, the server stops or `seconds` are over."""

    name = "timeout-before"
    is_applied = False


class TimeoutAfter(_Held):
    """The request is carried out, and no answer comes until client or server leaves or `seconds` are over."""

    name = "timeout-after"
    is_applied = True


class DisconnectBefore(_Lost):
    """The connection is reset, and nothing is done."""

    name = "disconnect-before"
    is_applied = False


class DisconnectAfter(_Lost):
    """The request is carried out, and the connection is reset before the answer."""

    name = "disconnect-after"
    is_applied = True


class DisconnectMidBody(RequestFault):
    """The request is carried out, and the connection ends after half of the body."""

    name = "disconnect-mid-body"
    place = Place.CONNECTION

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        return NoAnswer(begun=await proceed(arrival))
