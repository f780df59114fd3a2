"""How much each account may ask for: calls a second, calls at a time."""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from anmc_simulators.frame.arrival import Arrival
from anmc_simulators.frame.refusal import Refusal
from anmc_simulators.operations import Service

KEPT_ACCOUNTS: Final = 10_000
"""Accounts whose calls are counted; beyond, the one that has been silent longest starts anew."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What an account may do; None stands for as much as it likes.

    `calls_per_second` holds in every sliding window: 4 means at most four calls in any one second, 0.5 one call in
    any two, 2.5 two in any 0.8. A refused call does not count unless `counts_refused`.
    """

    calls_per_second: float | None = None
    concurrency: int | None = None
    counts_refused: bool = False
    answer: Refusal = field(default_factory=Refusal)

    @property
    def window(self) -> tuple[int, float]:
        """Return so many calls in so many seconds, for a limit that is set."""
        rate = self.calls_per_second or 1.0
        calls = max(1, int(rate))
        return calls, calls / rate


REAL_LIMITS: Final[Mapping[Service, Limit]] = {
    Service.ACTION_NETWORK: Limit(calls_per_second=4),
    Service.MOBILE_COMMONS: Limit(concurrency=160),
}
"""What the services document: action-network-api.md 3.1 for each key, mobile-commons-api.md 9.2 for each company."""

NO_LIMITS: Final[Mapping[Service, Limit]] = {service: Limit() for service in Service}


@dataclass(frozen=True, slots=True)
class _Period:
    limit: Limit
    ends: float


_Whose = tuple[Service, str | None]
"""A service and one of its accounts; None for all that have no limit of their own."""


class Limits:
    """The limits in force, and the calls that count against them. Times are monotonic seconds."""

    def __init__(self, defaults: Mapping[Service, Limit] = NO_LIMITS) -> None:
        self._defaults = dict(defaults)
        self._set: dict[_Whose, Limit] = {}
        self._periods: dict[_Whose, _Period] = {}
        self._admitted: OrderedDict[tuple[Service, str], deque[float]] = OrderedDict()

    def of(self, service: Service, account: str | None = None, *, now: float) -> Limit:
        """Return what holds for an account now; None stands for the service as a whole."""
        for whose in ((service, account), (service, None)):
            period = self._periods.get(whose)
            if period is not None and now < period.ends:
                return period.limit
            if whose in self._set:
                return self._set[whose]
        return self._defaults[service]

    def lasting(self, service: Service, account: str | None = None) -> Limit:
        """Return what holds for an account apart from periods."""
        return self._set.get((service, account)) or self._set.get((service, None)) or self._defaults[service]

    def set(
        self, service: Service, account: str | None, limit: Limit, *, now: float, seconds: float | None = None
    ) -> None:
        """Set a limit from now on, or for a period after which the one before holds again."""
        if seconds is None:
            self._periods.pop((service, account), None)
            self._set[service, account] = limit
        else:
            self._periods[service, account] = _Period(limit, now + seconds)

    def reset(self) -> None:
        """Go back to the limits of the start."""
        self._set.clear()
        self._periods.clear()

    def allows(self, arrival: Arrival, *, now: float, in_flight: int) -> Limit | None:
        """Return None for a call that may pass, which then counts; the limit that it exceeds otherwise.

        `in_flight` is how many calls of the account are under way, this one included.
        """
        limit = self._limit(arrival, now)
        within = limit.concurrency is None or in_flight <= limit.concurrency
        if limit.calls_per_second is not None:
            within = self._count(arrival, limit, now, within=within) and within
        return None if within else limit

    def document(self, *, now: float) -> dict[str, Any]:
        """Return the limits in force as JSON-ready data."""
        self._periods = {whose: period for whose, period in self._periods.items() if now < period.ends}
        accounts = sorted({(service, account) for service, account in (*self._set, *self._periods) if account})
        return {
            "services": [self._row(service, None, now) for service in Service],
            "accounts": [self._row(service, account, now) for service, account in accounts],
        }

    def _limit(self, arrival: Arrival, now: float) -> Limit:
        if not self._set and not self._periods:
            return self._defaults[arrival.service]
        own = next((name for name in (arrival.limited_as, arrival.account) if self._has_own(arrival, name)), None)
        return self.of(arrival.service, own, now=now)

    def _has_own(self, arrival: Arrival, account: str) -> bool:
        return (arrival.service, account) in self._set or (arrival.service, account) in self._periods

    def _count(self, arrival: Arrival, limit: Limit, now: float, *, within: bool) -> bool:
        calls, seconds = limit.window
        key = (arrival.service, arrival.limited_as)
        admitted = self._admitted.setdefault(key, deque())
        self._admitted.move_to_end(key)
        if len(self._admitted) > KEPT_ACCOUNTS:
            self._admitted.popitem(last=False)
        while admitted and admitted[0] <= now - seconds:
            admitted.popleft()
        room = len(admitted) < calls
        if limit.counts_refused or (room and within):
            admitted.append(now)
        while len(admitted) > calls:  # with the last so many, the older ones say nothing more
            admitted.popleft()
        return room

    def _row(self, service: Service, account: str | None, now: float) -> dict[str, Any]:
        limit = self.of(service, account, now=now)
        period = self._periods.get((service, account))
        return {
            "service": service,
            **({"account": account} if account else {}),
            "calls_per_second": limit.calls_per_second,
            "concurrency": limit.concurrency,
            "counts_refused": limit.counts_refused,
            "answer": limit.answer.model_dump(mode="json"),
            "ends_in_seconds": round(period.ends - now, 3) if period and now < period.ends else None,
        }
