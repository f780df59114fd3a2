"""Log lines about the two services: when one starts to fail, recovers, slows us down (operations.md 4)."""

from anmc.observability.logs import get_logger
from anmc.sync.ports import Service

_log = get_logger()


class ServiceHistory:
    """Implements the port `ServiceLog`. A line carries the fields of the run that met the change."""

    def halved(self, service: Service, allowed: float) -> None:
        """Log that a key has to go slower; that of Mobile Commons finds its concurrency by halving all the time."""
        if service is Service.ACTION_NETWORK:
            _log.info("rate.halved", service=service.value, per_second=round(allowed, 3))

    def degraded(self, service: Service, *, code: str) -> None:
        """Log that try after try fails."""
        _log.warning("service.degraded", service=service.value, code=code)

    def recovered(self, service: Service, *, failures: int, seconds: float) -> None:
        """Log the end of such a streak."""
        _log.info("service.recovered", service=service.value, failures=failures, seconds=round(seconds, 3))
