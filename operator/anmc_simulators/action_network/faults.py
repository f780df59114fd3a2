"""Faults that only a collection of Action Network can have (action-network-api.md 4.1, 15)."""

from abc import abstractmethod
from typing import Annotated

from pydantic import Field
from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.action_network.pages import HalPage
from anmc_simulators.fault_kinds.kind import PageFault, Proceed, Surroundings, with_body
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.operations import Service


class _CollectionFault(PageFault):
    services = frozenset({Service.ACTION_NETWORK})

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        page = HalPage.read(bytes(response.body))
        if page is None:
            return response
        self.change(page, arrival)
        return with_body(response, page.render())

    @abstractmethod
    def change(self, page: HalPage, arrival: Arrival) -> None:
        """Change the document of the page."""


class NextToItself(_CollectionFault):
    """The `next` link of a page leads to the same page."""

    name = "next-to-itself"

    @override
    def change(self, page: HalPage, arrival: Arrival) -> None:
        page.lead("next", arrival.page or 1)


class NextToForeignHost(_CollectionFault):
    """The `next` link of a page leads to another host, which must never be sent the key."""

    name = "next-to-foreign-host"
    origin: Annotated[str, Field(pattern=r"^https?://[\x21-\x7e]+$", max_length=500)] = "https://elsewhere.example.org"

    @override
    def change(self, page: HalPage, arrival: Arrival) -> None:
        links = page.document["_links"]
        if "next" in links:
            path = links["next"]["href"].partition("/api/v2/")[2]
            links["next"] = {"href": f"{self.origin.rstrip('/')}/api/v2/{path}"}


class MissingEmbedded(_CollectionFault):
    """The page has no `_embedded` at all."""

    name = "missing-embedded"

    @override
    def change(self, page: HalPage, arrival: Arrival) -> None:
        del page.document["_embedded"]
