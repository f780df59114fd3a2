"""Mobile Commons as a service: how it wants to be called, and for what it is."""

from enum import StrEnum
from typing import Final

from anmc.clients.service import Traits
from anmc.sync.ports import Service


class Operation(StrEnum):
    """The calls that are made, as metrics name them; nothing here ever sends a message of its own."""

    LIST_PROFILES = "list_profiles"
    FIND_PROFILES = "find_profiles"
    GET_PROFILE = "get_profile"
    UPDATE_PROFILE = "update_profile"
    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    LIST_CAMPAIGNS = "list_campaigns"
    LIST_SUBSCRIBERS = "list_subscribers"


TRAITS: Final = Traits(
    service=Service.MOBILE_COMMONS,
    title="Mobile Commons",
    accept="application/xml",
    connect_timeout=10,
    read_timeout=120,
    deadline=300,
    patience=1800,
    first_wait=2,
    repeats_bad_request=True,
    uniform=frozenset({Operation.GET_PROFILE, Operation.UPDATE_PROFILE, Operation.OPT_IN, Operation.OPT_OUT}),
)
