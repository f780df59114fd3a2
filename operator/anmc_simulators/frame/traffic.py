"""What lies on the way of every request to either service."""

from dataclasses import dataclass, field

from anmc_simulators.clock import Clock
from anmc_simulators.faults import Faults
from anmc_simulators.frame.latency import Latencies
from anmc_simulators.frame.limits import Limits
from anmc_simulators.frame.waiting import MonotonicTime, Patience, RealTime
from anmc_simulators.journal import Journal


@dataclass(slots=True)
class Traffic:
    """The clock and the journal of the services, and what can be set for their requests. No limit, no latency yet."""

    clock: Clock
    journal: Journal
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    latencies: Latencies = field(default_factory=Latencies)
    real_time: RealTime = field(default_factory=MonotonicTime)
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self.patience = Patience(self.real_time)
