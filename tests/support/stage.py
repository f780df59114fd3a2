"""What a test of operators plays on: a namespace, both services, processes that share one store."""

from pathlib import Path

from support.integrations import Home
from support.operator_process import OperatorProcess
from support.simulators import Simulators


class Stage:
    """Starts operators for one namespace and ends them."""

    def __init__(self, home: Home, *, rights: Path, simulators: Simulators, directory: Path) -> None:
        self.home = home
        self.simulators = simulators
        self._rights = rights
        self._directory = directory
        self._started: list[OperatorProcess] = []

    def start(self, **settings: str) -> OperatorProcess:
        """Start an operator with the shipped rights; `settings` are further environment variables."""
        ordinary = {
            "KUBECONFIG": str(self._rights),
            "ANMC_NAMESPACES": self.home.name,
            "ANMC_LEASE_NAMESPACE": self.home.name,
            "ANMC_ALLOWED_ORIGINS": self.simulators.origins,
        }
        process = OperatorProcess(self._directory, {**ordinary, **settings})
        self._started.append(process)
        return process

    def clear(self) -> None:
        """End every operator that still runs."""
        for process in self._started:
            process.kill()
