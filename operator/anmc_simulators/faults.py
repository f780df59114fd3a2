"""The faults in force: which, for whose calls, how often."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from anmc_simulators.fault_kinds.catalogue import make
from anmc_simulators.fault_kinds.kind import Fault
from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.operations import ANY, Service, check_operation, service_named

_COMMONEST: Final = frozenset({"latency", "status"})


@dataclass(slots=True)
class Order:
    """One fault for the calls of an operation and of an account; `*` stands for all of them.

    It passes over the first `after` calls, then happens with `probability`, `times` times; None for as long as it is
    in force. Its dice have a seed of their own, so that the same calls meet the same faults again.
    """

    id: int
    fault: Fault
    service: Service
    operation: str = ANY
    account: str = ANY
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int = 1
    seen: int = 0
    fired: int = 0
    dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    @property
    def calls(self) -> tuple[Service, str, str]:
        """Return for whose calls it is."""
        return self.service, self.operation, self.account

    @property
    def terms(self) -> tuple[str, dict[str, Any], tuple[Service, str, str]]:
        """Return in what a newer order has to agree to take the place of this one."""
        return self.fault.name, self.fault.model_dump(), self.calls

    @property
    def is_spent(self) -> bool:
        """Tell whether it has happened as often as it was to."""
        return self.times is not None and self.fired >= self.times

    def concerns(self, arrival: Arrival) -> bool:
        """Tell whether a request is one of those that it is for."""
        return (
            self.service is arrival.service
            and self.operation in {ANY, arrival.operation}
            and (self.account == ANY or arrival.is_of(self.account))
            and self.fault.concerns(arrival)
        )

    def fires(self) -> bool:
        """Count a request, and tell whether the fault happens to it."""
        if self.is_spent:
            return False
        self.seen += 1
        if self.seen <= self.after or (self.probability < 1 and self.dice.random() >= self.probability):
            return False
        self.fired += 1
        return True

    def rank(self) -> tuple[int, bool, bool, int]:
        """Return where it stands: the outer before the inner, the narrow before the wide, the new before the old."""
        return self.fault.place, self.account == ANY, self.operation == ANY, -self.id

    def document(self) -> dict[str, Any]:
        """Return the order as JSON-ready data, with what is left of it."""
        return {
            "id": self.id,
            "fault": self.fault.name,
            **self.fault.model_dump(mode="json"),
            "service": self.service,
            "operation": self.operation,
            "account": self.account,
            "times": None if self.times is None else self.times - self.fired,
            "after": max(0, self.after - self.seen),
            "probability": self.probability,
            "seed": self.seed,
            "seen": self.seen,
            "fired": self.fired,
        }


class Faults:
    """Orders in force; of those that concern a call each stands around the next, see `Place`."""

    def __init__(self) -> None:
        self._orders: list[Order] = []
        self._ids = itertools.count(1)

    def order(
        self,
        fault: Fault,
        service: str,
        operation: str = ANY,
        *,
        account: str = ANY,
        times: int | None = None,
        after: int = 0,
        probability: float = 1.0,
        seed: int = 1,
    ) -> Order:
        """Order a fault; it replaces an earlier one with the same arguments for the same calls.

        Raises:
            ValueError: service or operation is unknown, the service cannot have such a fault, or it would never happen.
        """
        whose = service_named(service)
        check_operation(operation, service=whose)
        if whose not in fault.services:
            raise ValueError(f"service: {fault.name} is a fault of {', '.join(sorted(fault.services))} only")
        if times is not None and times < 1:
            raise ValueError("times must be at least 1; leave it out for a fault that stays")
        if after < 0:
            raise ValueError("after must not be negative")
        if not 0 < probability <= 1:
            raise ValueError("probability must be above 0 and at most 1")
        order = Order(next(self._ids), fault, whose, operation, account, times, after, probability, seed)
        others = [one for one in self._orders if one.terms != order.terms]
        self._orders = sorted((*others, order), key=lambda one: one.rank())
        return order

    def set(
        self,
        service: str,
        operation: str = ANY,
        *,
        latency: float = 0,
        status: int | None = None,
        times: int | None = None,
    ) -> None:
        """Order the two commonest faults, an error status and a latency in seconds, without their names.

        It replaces all faults of these two kinds for the same calls.

        Raises:
            ValueError: as for `order`, or there is neither.
        """
        if not latency and status is None:
            raise ValueError("a fault needs a name, or a latency, a status or both")
        if status is None:
            fault = make("latency", {"seconds": latency})
        else:
            fault = make("status", {"status": status, "seconds": latency})
        order = self.order(fault, service, operation, times=times)
        self._orders = [
            one for one in self._orders if one is order or one.calls != order.calls or one.fault.name not in _COMMONEST
        ]

    def concerning(self, arrival: Arrival) -> Sequence[Order]:
        """Return the orders that a request meets, the outermost first."""
        if not self._orders:
            return ()
        self._orders = [order for order in self._orders if not order.is_spent]
        return [order for order in self._orders if order.concerns(arrival)]

    def clear(self, *, order_id: int | None = None) -> None:
        """Withdraw every fault, or one."""
        self._orders = [] if order_id is None else [one for one in self._orders if one.id != order_id]

    def document(self) -> list[dict[str, Any]]:
        """Return the faults still in force as JSON-ready data."""
        return [order.document() for order in sorted(self._orders, key=lambda one: one.id) if not order.is_spent]
