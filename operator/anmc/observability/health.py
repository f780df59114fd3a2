"""The HTTP endpoint: metrics, liveness, readiness (operations.md 5)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from aiohttp import web

SCHEDULER_LIMIT: Final = 60.0
PRUNER_LIMIT: Final = 900.0
LEASE_LIMIT: Final = 60.0
LAG_LIMIT: Final = 10.0
"""Ages in seconds beyond which the process does not do what it should be doing."""


class Role(StrEnum):
    """What this process is doing."""

    STANDBY = "standby"
    LEADING = "leading"
    DRAINING = "draining"


@dataclass(slots=True)
class Health:
    """Answers the probes. Each check returns an age in seconds; those of the leader count only while leading."""

    shard: int
    lease_age: Callable[[], float]
    leader_ages: Mapping[str, tuple[Callable[[], float], float]] = field(default_factory=dict)
    role: Role = Role.STANDBY
    loop_lag: float = 0.0

    def checks(self) -> dict[str, tuple[float, float]]:
        """Return each check's value with its limit."""
        checks = {"lease": (self.lease_age(), LEASE_LIMIT), "loop_lag": (self.loop_lag, LAG_LIMIT)}
        if self.role is Role.LEADING:
            checks |= {name: (age(), limit) for name, (age, limit) in self.leader_ages.items()}
        return checks

    def ages(self) -> dict[str, float]:
        """Return the seconds since the last turn of each loop that should be turning now."""
        return {name: value for name, (value, _) in self.checks().items() if name != "loop_lag"}

    @property
    def is_healthy(self) -> bool:
        """Whether what this process should be doing is being done."""
        return all(value <= limit for value, limit in self.checks().values())

    @property
    def is_ready(self) -> bool:
        """Whether it leads, or stands by to lead."""
        return self.role in {Role.LEADING, Role.STANDBY}

    def document(self) -> dict[str, object]:
        """Return what both probes answer."""
        checks = {name: round(value, 1) for name, (value, _) in self.checks().items()}
        return {"role": self.role.value, "shard": self.shard, "checks": checks}

    async def watch_lag(self, observe: Callable[[float], None]) -> None:
        """Measure each second how late the loop wakes up."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(1)
            self.loop_lag = max(0.0, loop.time() - before - 1)
            observe(self.loop_lag)


class HttpEndpoint:
    """Serves `/metrics`, `/healthz` and `/readyz`; starts first and stops last."""

    def __init__(self, health: Health, render: Callable[[], bytes], *, content_type: str) -> None:
        self._health = health
        self._render = render
        self._content_type = content_type
        self._rendering: asyncio.Future[bytes] | None = None
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(application, handle_signals=False, access_log=None)

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port, which is a free one for 0."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address: tuple[str, int] = self._runner.addresses[0]
        return address[1]

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        # Off the loop, since a page of thousands of series takes a second, and once for all who ask meanwhile.
        if self._rendering is None or self._rendering.done():
            self._rendering = asyncio.ensure_future(asyncio.to_thread(self._render))
        page = await asyncio.shield(self._rendering)
        return web.Response(body=page, headers={"Content-Type": self._content_type})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response(self._health.document(), status=200 if self._health.is_healthy else 503)

    async def _readyz(self, _: web.Request) -> web.Response:
        return web.json_response(self._health.document(), status=200 if self._health.is_ready else 503)
