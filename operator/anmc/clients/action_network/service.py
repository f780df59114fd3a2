"""Action Network as a service: how it wants to be called, and for what it is."""

from enum import StrEnum
from typing import Final

from anmc.clients.service import Traits
from anmc.sync.ports import Service

API: Final = "/api/v2"

TRAITS: Final = Traits(
    service=Service.ACTION_NETWORK,
    title="Action Network",
    accept="application/hal+json, application/json",
    connect_timeout=5,
    read_timeout=30,
    deadline=90,
    patience=900,
    first_wait=1,
    denial_phrase=b"API Key invalid or not present",
)


class Operation(StrEnum):
    """The calls that are made, as metrics name them; there is no other."""

    LIST_PEOPLE = "list_people"
    FIND_PERSON = "find_person"
    GET_PERSON = "get_person"
    CREATE_PERSON = "create_person"
    UPDATE_PERSON = "update_person"
    LIST_CUSTOM_FIELDS = "list_custom_fields"
