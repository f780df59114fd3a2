"""The single writer of integration status: merge patches, only of what changed (kopf.md 3)."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from anmc.api.status import IntegrationStatus
from anmc.cluster.connection import CONFLICT, KUBE_ERRORS, NOT_FOUND, status_of
from anmc.cluster.integrations import Integrations

PATIENCE: Final = 300.0
"""Seconds for which a final status is tried again; the Lease is the shorter fuse when the API is away."""

MAX_DELAY: Final = 15.0
"""Longest pause between two tries, in seconds."""

WriteMeter = Callable[[str], None]
"""Told the result of each write: `written`, `unchanged`, `conflict` or `failed`."""


@dataclass(slots=True)
class StatusTarget:
    """One object whose status is written; `served` is its status as the API server last showed or took it."""

    namespace: str
    name: str
    resource_version: str
    served: dict[str, Any] = field(default_factory=dict)


class StatusConflict(Exception):
    """The object changed since it was read, or it is gone: fetch it and plan again."""


class StatusWriter:
    """Writes the status of integrations; one per process, one write per object at a time."""

    def __init__(self, integrations: Integrations, *, meter: WriteMeter = lambda _: None) -> None:
        self._integrations = integrations
        self._meter = meter
        self._wanted: dict[tuple[str, str], IntegrationStatus] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    async def claim(self, target: StatusTarget, status: IntegrationStatus) -> None:
        """Write a status only if nobody touched the object since it was read.

        Raises:
            StatusConflict: the object changed, is gone, or the API server did not take the claim.
        """
        patch = merge_patch(target.served, status.to_dict())
        try:
            await self._patch(target, patch, resource_version=target.resource_version)
        except KUBE_ERRORS as error:
            self._meter("conflict" if status_of(error) == CONFLICT else "failed")
            raise StatusConflict(type(error).__name__) from None

    async def write(self, target: StatusTarget, status: IntegrationStatus) -> None:
        """Write a status, trying for minutes; a newer status of the same object replaces one that still waits.

        An object that is gone is left alone. A status that cannot be written in time is given up: the next one
        carries everything anew.
        """
        key = (target.namespace, target.name)
        self._wanted[key] = status
        async with self._locks.setdefault(key, asyncio.Lock()):
            give_up = asyncio.get_running_loop().time() + PATIENCE
            delay = 0.5
            while (wanted := self._wanted.get(key)) is not None:
                patch = merge_patch(target.served, wanted.to_dict())
                if not patch:
                    self._meter("unchanged")
                    del self._wanted[key]
                    return
                try:
                    await self._patch(target, patch, resource_version=None)
                except KUBE_ERRORS as error:
                    self._meter("failed")
                    if status_of(error) == NOT_FOUND or asyncio.get_running_loop().time() > give_up:
                        del self._wanted[key]
                        return
                    await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, not a secret
                    delay = min(MAX_DELAY, delay * 2)
                    continue
                if self._wanted.get(key) is wanted:
                    del self._wanted[key]

    def forget(self, namespace: str, name: str) -> None:
        """Drop what is kept of an object that is gone."""
        self._locks.pop((namespace, name), None)
        self._wanted.pop((namespace, name), None)

    async def _patch(self, target: StatusTarget, patch: Mapping[str, Any], *, resource_version: str | None) -> None:
        answer = await self._integrations.patch_status(
            target.namespace, target.name, patch, resource_version=resource_version
        )
        target.resource_version = answer["metadata"]["resourceVersion"]
        target.served = dict(answer.get("status") or {})
        self._meter("written")


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch that turns one document into the other; lists are replaced whole."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            if nested := merge_patch(old, value):
                patch[key] = nested
        elif key not in before or old != value:
            patch[key] = value
    return patch
