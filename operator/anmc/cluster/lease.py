"""The Lease of a shard: who may write, with self-fencing by our own clock."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from kubernetes.aio.client import ApiClient, CoordinationV1Api, V1Lease, V1LeaseSpec, V1ObjectMeta
from kubernetes.aio.client.exceptions import ApiException

from anmc.cluster.connection import KUBE_ERRORS, NOT_FOUND

DURATION: Final = 15.0
"""Seconds after which others take an unrenewed Lease."""

DEADLINE: Final = 10.0
"""Seconds after our last renewal when we stop writing: before others may start, whatever the clocks say."""

PERIOD: Final = 2.0
"""Seconds between renewals."""


class Elector:
    """Competes for one Lease and knows whether this process may write.

    Not thread-safe. `tried_at` is the monotonic time of the last completed try, for the health endpoint.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        namespace: str,
        name: str,
        identity: str,
        on_waiting: Callable[[], None] = lambda: None,
    ) -> None:
        self._api = CoordinationV1Api(api)
        self._namespace = namespace
        self._name = name
        self._me = identity
        self._on_waiting = on_waiting
        self._renewed_at = float("-inf")
        self._seen: str | None = None
        self._seen_at = float("-inf")
        self.tried_at = monotonic()

    def is_valid(self) -> bool:
        """Whether this process may write now; asked before every claim and every write to a service."""
        return monotonic() - self._renewed_at < DEADLINE

    async def acquire(self) -> None:
        """Return when the Lease is ours; waits as long as it takes."""
        announced = False
        while not await self._try_quietly():
            if not announced:
                self._on_waiting()
                announced = True
            await asyncio.sleep(PERIOD)

    async def keep(self) -> None:
        """Renew until the Lease is lost, then return."""
        while self.is_valid():
            await asyncio.sleep(PERIOD)
            try:
                async with asyncio.timeout(PERIOD):
                    if not await self._try():
                        return
            except KUBE_ERRORS:
                continue  # the deadline decides, not one failed renewal
            finally:
                self.tried_at = monotonic()

    async def release(self) -> None:
        """Give the Lease back, so that another process leads at once; only while it is surely ours."""
        if not self.is_valid():
            return
        with suppress(*KUBE_ERRORS):
            async with asyncio.timeout(PERIOD):
                lease = await self._read()
                if lease is not None and lease.spec and lease.spec.holder_identity == self._me:
                    lease.spec.holder_identity = ""
                    await self._api.replace_namespaced_lease(
                        self._name, self._namespace, lease, _request_timeout=PERIOD
                    )
        self._renewed_at = float("-inf")

    async def _try_quietly(self) -> bool:
        try:
            async with asyncio.timeout(PERIOD):
                return await self._try()
        except KUBE_ERRORS:
            return False
        finally:
            self.tried_at = monotonic()

    async def _try(self) -> bool:
        """Take or renew the Lease; False when somebody else holds it.

        A conflict raises: somebody was faster, and the next try shows whether it was a rival or a harmless edit.
        """
        started = monotonic()  # before the request: the conservative reading
        spec = V1LeaseSpec(
            holder_identity=self._me, lease_duration_seconds=int(DURATION), renew_time=_micro_time(datetime.now(UTC))
        )
        lease = await self._read()
        if lease is None:
            await self._create(spec)
        elif self._is_free(lease) or self._is_expired(lease, started):
            lease.spec = spec
            await self._api.replace_namespaced_lease(self._name, self._namespace, lease, _request_timeout=PERIOD)
        else:
            return False
        self._renewed_at = started
        return True

    async def _read(self) -> V1Lease | None:
        try:
            return await self._api.read_namespaced_lease(self._name, self._namespace, _request_timeout=PERIOD)
        except ApiException as error:
            if error.status == NOT_FOUND:
                return None
            raise

    async def _create(self, spec: V1LeaseSpec) -> None:
        lease = V1Lease(metadata=V1ObjectMeta(name=self._name, namespace=self._namespace), spec=spec)
        await self._api.create_namespaced_lease(self._namespace, lease, _request_timeout=PERIOD)

    def _is_free(self, lease: V1Lease) -> bool:
        holder = lease.spec.holder_identity if lease.spec else None
        return holder in {self._me, "", None}

    def _is_expired(self, lease: V1Lease, now: float) -> bool:
        """By our own clock alone: unchanged for a whole duration since we saw it first."""
        stamp = lease.metadata.resource_version if lease.metadata else None
        if stamp != self._seen:
            self._seen, self._seen_at = stamp, now
        duration = lease.spec.lease_duration_seconds if lease.spec else None
        return now - self._seen_at >= (duration or DURATION)


def _micro_time(instant: datetime) -> datetime:
    """Keep a fraction: the client leaves out one of zero, and the API server refuses such a micro-time."""
    return instant.replace(microsecond=instant.microsecond or 1)
