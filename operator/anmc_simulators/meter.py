"""How hard each account is working a service: calls, calls a second, calls at a time."""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, Final

from anmc_simulators.operations import Service

KEPT_ACCOUNTS: Final = 10_000
"""Accounts with figures of their own; beyond, those of the one that has been silent longest are forgotten."""

_SECOND: Final = 1.0


@dataclass(slots=True)
class _Account:
    calls: int = 0
    too_many_requests: int = 0
    max_calls_per_second: int = 0
    in_flight: int = 0
    peak_concurrency: int = 0
    recent: deque[float] = field(default_factory=deque)


class Meter:
    """Figures since the last reset. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._accounts: OrderedDict[tuple[Service, str], _Account] = OrderedDict()
        self._statuses: Counter[tuple[str, str, int]] = Counter()
        self.too_many_requests = 0

    def began(self, service: Service, account: str, *, now: float) -> int:
        """Count a call on its arrival; returns how many of the account are under way with it."""
        one = self._account(service, account)
        one.calls += 1
        one.in_flight += 1
        one.peak_concurrency = max(one.peak_concurrency, one.in_flight)
        one.recent.append(now)
        while one.recent[0] <= now - _SECOND:
            one.recent.popleft()
        one.max_calls_per_second = max(one.max_calls_per_second, len(one.recent))
        return one.in_flight

    def ended(self, service: Service, account: str) -> None:
        """Count a call out that is no longer under way."""
        one = self._account(service, account)
        one.in_flight = max(0, one.in_flight - 1)

    def answered(self, service: Service, account: str, operation: str, status: int) -> None:
        """Count an answer."""
        self._statuses[service, operation, status] += 1
        if status == 429:
            self.too_many_requests += 1
            self._account(service, account).too_many_requests += 1

    def reset(self) -> None:
        """Forget everything but the calls that are under way."""
        for key, one in list(self._accounts.items()):
            if one.in_flight:
                self._accounts[key] = _Account(in_flight=one.in_flight, peak_concurrency=one.in_flight)
            else:
                del self._accounts[key]
        self._statuses.clear()
        self.too_many_requests = 0

    def document(self, *, service: str | None, account: str | None, operation: str | None) -> dict[str, Any]:
        """Return the figures as JSON-ready data; each filter concerns the rows that have its member."""
        operations: dict[tuple[str, str], dict[str, int]] = {}
        for (name, asked, status), count in sorted(self._statuses.items()):
            if service in {None, name} and operation in {None, asked}:
                operations.setdefault((name, asked), {})[str(status)] = count
        return {
            "operations": [
                {"service": name, "operation": asked, "calls": sum(statuses.values()), "statuses": statuses}
                for (name, asked), statuses in operations.items()
            ],
            "accounts": [
                {
                    "service": name,
                    "account": whose,
                    "calls": one.calls,
                    "too_many_requests": one.too_many_requests,
                    "max_calls_per_second": one.max_calls_per_second,
                    "in_flight": one.in_flight,
                    "peak_concurrency": one.peak_concurrency,
                }
                for (name, whose), one in sorted(self._accounts.items())
                if service in {None, name} and account in {None, whose}
            ],
        }

    def _account(self, service: Service, account: str) -> _Account:
        key = (service, account)
        one = self._accounts.get(key)
        if one is None:
            one = self._accounts[key] = _Account()
            if len(self._accounts) > KEPT_ACCOUNTS:
                self._forget_one()
        self._accounts.move_to_end(key)
        return one

    def _forget_one(self) -> None:
        idle = next((key for key, one in self._accounts.items() if not one.in_flight), None)
        if idle is not None:
            del self._accounts[idle]
