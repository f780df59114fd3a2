"""The closed list of faults, by the names under which they are ordered."""

from collections.abc import Mapping
from typing import Any, Final

from anmc_simulators.action_network.faults import MissingEmbedded, NextToForeignHost, NextToItself
from anmc_simulators.bodies import checked
from anmc_simulators.fault_kinds.connections import (
    DisconnectAfter,
    DisconnectBefore,
    DisconnectMidBody,
    TimeoutAfter,
    TimeoutBefore,
)
from anmc_simulators.fault_kinds.contents import (
    BrokenGzip,
    DecompressionBomb,
    EmptyBody,
    Malformed,
    Truncated,
    WrongCharset,
    WrongContentEncoding,
)
from anmc_simulators.fault_kinds.delays import EndlessBody, Latency, SlowDrip
from anmc_simulators.fault_kinds.headers import WrongDate
from anmc_simulators.fault_kinds.kind import Fault
from anmc_simulators.fault_kinds.pages import (
    DuplicateRecords,
    EmptyPage,
    PoisonedRecord,
    RepeatedPage,
    RowsInserted,
    RowsUpdated,
    ShiftedPages,
)
from anmc_simulators.fault_kinds.refusals import LogInPage, LogInRedirect, Revoked, Status
from anmc_simulators.mobile_commons.faults import ApplicationError, WrongCount

KINDS: Final[Mapping[str, type[Fault]]] = {
    kind.name: kind
    for kind in (
        Latency,
        SlowDrip,
        EndlessBody,
        TimeoutBefore,
        TimeoutAfter,
        DisconnectBefore,
        DisconnectAfter,
        DisconnectMidBody,
        Status,
        Revoked,
        LogInPage,
        LogInRedirect,
        ApplicationError,
        EmptyBody,
        Truncated,
        Malformed,
        WrongCharset,
        WrongContentEncoding,
        BrokenGzip,
        DecompressionBomb,
        DuplicateRecords,
        RepeatedPage,
        EmptyPage,
        ShiftedPages,
        RowsInserted,
        RowsUpdated,
        PoisonedRecord,
        NextToItself,
        NextToForeignHost,
        MissingEmbedded,
        WrongCount,
        WrongDate,
    )
}
"""In the order in which people look for them: time, connection, refusal, bytes, pages, headers."""


def make(name: str, arguments: Mapping[str, Any]) -> Fault:
    """Return a fault with its arguments.

    Raises:
        ValueError: the name or an argument is none, with those that there are.
    """
    if name not in KINDS:
        raise ValueError(f"fault must be one of {', '.join(sorted(KINDS))}")
    return checked(KINDS[name], arguments)
