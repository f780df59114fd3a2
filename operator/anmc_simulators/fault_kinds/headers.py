"""Faults of the headers."""

from datetime import timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field
from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.fault_kinds.kind import Place, Proceed, RequestFault, Surroundings
from anmc_simulators.frame.arrival import Arrival

_TEN_YEARS: Final = 10 * 366 * 86_400


class DateForm(StrEnum):
    """What is wrong with a `Date`."""

    SKEWED = "skewed"
    ABSENT = "absent"
    GARBAGE = "garbage"


class WrongDate(RequestFault):
    """The `Date` header is `seconds` off, absent, or no date."""

    name = "wrong-date"
    place = Place.HEADERS
    form: DateForm = DateForm.SKEWED
    seconds: Annotated[float, Field(ge=-_TEN_YEARS, le=_TEN_YEARS, allow_inf_nan=False)] = 3600

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        match self.form:
            case DateForm.SKEWED:
                moment = around.clock.now() + timedelta(seconds=self.seconds)
                response.headers["Date"] = format_datetime(moment, usegmt=True)
            case DateForm.ABSENT:
                del response.headers["Date"]
            case DateForm.GARBAGE:
                response.headers["Date"] = "the day before yesterday"
        return response
