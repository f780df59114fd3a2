"""What geocoding adds to an address: the city of a postal code, and the reverse (action-network-api.md 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from anmc_simulators.action_network.person import Address


@dataclass(frozen=True, slots=True)
class Place:
    """Where a postal code of the United States is."""

    locality: str
    region: str
    latitude: float
    longitude: float


PLACES: Final[Mapping[str, Place]] = {
    "02108": Place("Boston", "MA", 42.36, -71.06),
    "10001": Place("New York", "NY", 40.75, -74.0),
    "20001": Place("Washington", "DC", 38.91, -77.02),
    "30303": Place("Atlanta", "GA", 33.75, -84.39),
    "48226": Place("Detroit", "MI", 42.33, -83.05),
    "60601": Place("Chicago", "IL", 41.89, -87.62),
    "78701": Place("Austin", "TX", 30.27, -97.74),
    "85004": Place("Phoenix", "AZ", 33.45, -112.07),
    "94103": Place("San Francisco", "CA", 37.77, -122.41),
    "98101": Place("Seattle", "WA", 47.61, -122.34),
}
"""Ten of forty thousand: enough to see a client meet values that nobody wrote."""

_CODES: Final = {place.locality.lower(): code for code, place in PLACES.items()}


def filled_in(address: Address) -> Address:
    """Return the address with what its postal code or its city tells; what is there stays as it is."""
    if address.country != "US":
        return address
    code = address.postal_code or _CODES.get(address.locality.lower(), "")
    place = PLACES.get(code)
    if place is None or address.region not in {"", place.region}:
        return address
    return replace(
        address,
        locality=address.locality or place.locality,
        region=place.region,
        postal_code=code,
    )


def location(address: Address) -> dict[str, float | str]:
    """Return the `location` of an address; one that nobody knows lies at 0, 0."""
    place = PLACES.get(address.postal_code)
    accuracy = "Rooftop" if place and address.lines else "Approximate"
    return {
        "latitude": place.latitude if place else 0,
        "longitude": place.longitude if place else 0,
        "accuracy": accuracy,
    }
