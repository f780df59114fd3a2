"""Both services around one clock, one journal, one traffic."""

from collections.abc import Mapping
from datetime import timedelta

from anmc_simulators.action_network.state import ActionNetwork
from anmc_simulators.clock import Clock
from anmc_simulators.faults import Faults
from anmc_simulators.frame.latency import Latencies
from anmc_simulators.frame.limits import Limits
from anmc_simulators.frame.traffic import Traffic
from anmc_simulators.frame.waiting import MonotonicTime, RealTime
from anmc_simulators.journal import Journal
from anmc_simulators.mobile_commons.state import MobileCommons
from anmc_simulators.switch_panel import SwitchPanel


class Simulation:
    """What one process simulates; without limits and latencies of its own there are none.

    `clock` is the time that the services show, `real_time` the one in which limits count and latencies pass.
    `switches` holds the values of those that start elsewhere than declared, by service and name; one that does
    not exist is a ValueError.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        lag: timedelta | None = None,
        switches: Mapping[str, Mapping[str, object]] | None = None,
        limits: Limits | None = None,
        latencies: Latencies | None = None,
        real_time: RealTime | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.journal = Journal()
        self.faults = Faults()
        self.traffic = Traffic(
            self.clock,
            self.journal,
            self.faults,
            limits or Limits(),
            latencies or Latencies(),
            real_time or MonotonicTime(),
        )
        self.mobile_commons = MobileCommons(self.clock, self.journal, faults=self.faults)
        self.action_network = ActionNetwork(self.clock, self.journal, faults=self.faults, lag=lag)
        self.switches = SwitchPanel(
            action_network=self.action_network.switches, mobile_commons=self.mobile_commons.switches
        )
        self.switches.start(switches or {})
        self.invented = 0
        """How many places of invented people are taken, so that a second seed adds others."""
