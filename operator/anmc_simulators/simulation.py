"""Both services around one clock, one journal, one set of faults."""

from datetime import timedelta

from anmc_simulators.action_network.state import DEFAULT_LAG, ActionNetwork
from anmc_simulators.clock import Clock
from anmc_simulators.faults import Faults
from anmc_simulators.journal import Journal
from anmc_simulators.mobile_commons.state import MobileCommons


class Simulation:
    """What one process simulates."""

    def __init__(self, *, clock: Clock | None = None, lag: timedelta = DEFAULT_LAG) -> None:
        self.clock = clock or Clock()
        self.journal = Journal()
        self.faults = Faults()
        self.mobile_commons = MobileCommons(self.clock, self.journal, faults=self.faults)
        self.action_network = ActionNetwork(self.clock, self.journal, faults=self.faults, lag=lag)
        self.invented = 0
        """How many places of invented people are taken, so that a second seed adds others."""
