"""Faults of lists that are read page by page."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr
from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.fault_kinds.kind import Fault, Fires, PageFault, Place, Proceed, Surroundings, with_body
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.page import Spoiling

PageNumber = Annotated[int, Field(ge=1, le=1_000_000)]
Rows = Annotated[int, Field(ge=1, le=1000)]


class DuplicateRecords(PageFault):
    """Each record of a page is there twice."""

    name = "duplicate-records"

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        return await _refilled(
            around, proceed, arrival, lambda records: [record for record in records for _ in range(2)]
        )


class RepeatedPage(PageFault):
    """Every page behind `page` has the records of that page again, so that the list has no end."""

    name = "repeated-page"
    page: PageNumber = 1

    @override
    def concerns(self, arrival: Arrival) -> bool:
        return arrival.page is not None and arrival.page > self.page

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival.at_page(self.page))
        page = around.face.read_page(bytes(response.body))
        if page is None:
            return response
        page.renumber(arrival.page or 1)
        return with_body(response, page.render())


class EmptyPage(PageFault):
    """Page `page` has no records, and others follow."""

    name = "empty-page"
    page: PageNumber = 2

    @override
    def concerns(self, arrival: Arrival) -> bool:
        return arrival.page == self.page

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        return await _refilled(around, proceed, arrival, lambda _records: [])


class ShiftedPages(PageFault):
    """From page `page` on, the list has shifted by `rows`, which come once more or, if negative, are missed.

    It is what a walk sees when somebody enters or leaves the list ahead of it.
    """

    name = "shifted-pages"
    page: Annotated[int, Field(ge=2, le=1_000_000)] = 2
    rows: Annotated[int, Field(ge=-1000, le=1000)] = 1

    @override
    def concerns(self, arrival: Arrival) -> bool:
        return arrival.page is not None and arrival.page >= self.page

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        number = arrival.page or 1
        if self.rows < 0:
            following = await _records(around, proceed, arrival.at_page(number + 1))
            missed = -self.rows
            return await _refilled(
                around, proceed, arrival, lambda records: [*records[missed:], *following[: min(missed, len(records))]]
            )
        size = len(await _records(around, proceed, arrival.at_page(1)))
        before = await _records(around, proceed, arrival.at_page(number - 1))
        start = max(0, size - self.rows)
        return await _refilled(
            around, proceed, arrival, lambda records: [*before, *records][start : start + size] if before else records
        )


class RowsInserted(PageFault):
    """Before each page but the first, `rows` new people appear in the account that is being read."""

    name = "rows-inserted"
    rows: Rows = 1

    @override
    def concerns(self, arrival: Arrival) -> bool:
        return arrival.page is not None and arrival.page > 1

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        for _ in range(self.rows):
            around.face.insert_record(arrival)
        return await proceed(arrival)


class RowsUpdated(PageFault):
    """Before each page but the first, the next `rows` people of the account change, from the first one on."""

    name = "rows-updated"
    rows: Rows = 1
    _place: int = PrivateAttr(default=0)

    @override
    def concerns(self, arrival: Arrival) -> bool:
        return arrival.page is not None and arrival.page > 1

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        for _ in range(self.rows):
            around.face.touch_record(arrival, place=self._place)
            self._place += 1
        return await proceed(arrival)


class PoisonedRecord(Fault):
    """An answer to a read with this record in it fails with 500, or the record cannot be read.

    The record goes by its id or its number. Only answers that hold it are counted.
    """

    name = "poisoned-record"
    place = Place.RECORDS
    record: Annotated[str, Field(min_length=1, max_length=200)]
    form: Literal["fails"] | Spoiling = "fails"

    @override
    def concerns(self, arrival: Arrival) -> bool:
        return not arrival.is_write

    @override
    async def apply(self, around: Surroundings, arrival: Arrival, proceed: Proceed, fires: Fires) -> Response:
        response = await proceed(arrival)
        page = around.face.read_page(bytes(response.body))
        poisoned = [record for record in page.records if self.record in page.names(record)] if page else []
        if page is None or not poisoned or not fires():
            return response
        if self.form == "fails":
            return Response(status_code=500)
        for record in poisoned:
            page.spoil(record, self.form)
        return with_body(response, page.render())


async def _records(around: Surroundings, proceed: Proceed, arrival: Arrival) -> Sequence[Any]:
    page = around.face.read_page(bytes((await proceed(arrival)).body))
    return page.records if page else ()


async def _refilled(
    around: Surroundings,
    proceed: Proceed,
    arrival: Arrival,
    records: Callable[[Sequence[Any]], Sequence[Any]],
) -> Response:
    """Return the answer with other records than its own."""
    response = await proceed(arrival)
    page = around.face.read_page(bytes(response.body))
    if page is None:
        return response
    page.replace(records(page.records))
    return with_body(response, page.render())
