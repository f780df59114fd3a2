"""Faults that only Mobile Commons can have (mobile-commons-api.md 2, 4, 13.2)."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.fault_kinds.kind import PageFault, Place, Proceed, RequestFault, Surroundings, with_body
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.mobile_commons import rendering
from anmc_simulators.mobile_commons.pages import XmlPage
from anmc_simulators.operations import Service

_THIS_SERVICE = frozenset({Service.MOBILE_COMMONS})


class ApplicationError(RequestFault):
    """An error of the service is answered, with status 200 as all of them; nothing is done."""

    name = "application-error"
    place = Place.REFUSAL
    services = _THIS_SERVICE
    id: Annotated[int, Field(ge=0, le=1_000_000)] = 4242
    message: Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$", max_length=1000)] = "Something is wrong"

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        return Response(rendering.failure(self.id, self.message), media_type="application/xml")


class WrongCount(PageFault):
    """`num` of a page is `by` more than its children."""

    name = "wrong-count"
    services = _THIS_SERVICE
    by: Annotated[int, Field(ge=-1000, le=1000)] = 1

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        page = XmlPage.read(bytes(response.body))
        if page is None:
            return response
        page.payload.set("num", str(max(0, len(page.records) + self.by)))
        return with_body(response, page.render())
