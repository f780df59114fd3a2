"""The two services, and what each can be asked: the names that journal, faults and limits go by."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ANY: Final = "*"
"""Stands for every operation, or every account, of a service."""

UNKNOWN: Final = "unknown"
"""The operation of a request to a path or with a method that the service does not have."""


class Service(StrEnum):
    """Who is asked."""

    ACTION_NETWORK = "action-network"
    MOBILE_COMMONS = "mobile-commons"


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations of one service; a list is read page by page, a write may change something."""

    lists: frozenset[str]
    reads: frozenset[str]
    writes: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """Return every operation, that of requests to nowhere included."""
        return self.lists | self.reads | self.writes | {UNKNOWN}


OPERATIONS: Final[Mapping[Service, Operations]] = {
    Service.ACTION_NETWORK: Operations(
        lists=frozenset({"list_people"}),
        reads=frozenset({"entry_point", "probe", "find_person", "get_person", "get_metadata", "list_custom_fields"}),
        writes=frozenset({"create_person", "update_person", "delete_person"}),
    ),
    Service.MOBILE_COMMONS: Operations(
        lists=frozenset({"list_profiles", "list_subscribers"}),
        reads=frozenset({"list_campaigns", "find_profiles", "get_profile"}),
        writes=frozenset({"update_profile", "opt_in", "opt_out"}),
    ),
}
"""An operation that is not here could not be broken by name; a test asks every route for its own."""


def service_named(name: str) -> Service:
    """Return the service of a name.

    Raises:
        ValueError: there is none, with the names that there are.
    """
    try:
        return Service(name)
    except ValueError as error:
        raise ValueError(f"service must be one of {', '.join(Service)}") from error


def check_operation(name: str, *, service: Service | None = None) -> None:
    """Refuse an operation that the service does not have; without a service, one that neither has.

    Raises:
        ValueError: with the names that there are.
    """
    services = [service] if service else list(Service)
    names = frozenset().union(*(OPERATIONS[one].names for one in services))
    if name != ANY and name not in names:
        raise ValueError(f"operation: {' and '.join(services)} know {', '.join(sorted(names))}")
