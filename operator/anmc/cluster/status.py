"""The single writer of integration status: merge patches, only of what changed (kopf.md 3)."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from anmc.api.status import IntegrationStatus
from anmc.cluster.connection import CONFLICT, KUBE_ERRORS, NOT_FOUND, status_of
from anmc.cluster.integrations import Integrations
from anmc.cluster.versions import is_older

PATIENCE: Final = 300.0
"""Seconds for which a final status is tried again; the Lease is the shorter fuse when the API is away."""

SECOND_DELAY: Final = 0.5
MAX_DELAY: Final = 15.0
"""Pauses before the third and before late tries, in seconds; the second try comes at once."""

_WORTH_ANOTHER_TRY: Final = frozenset({408, 429})
"""Refusals with 4xx that pass; any other is the same the next time, such as a status that the schema refuses."""

_MOVED_ON: Final = frozenset({CONFLICT, NOT_FOUND})
"""Answers that say that the object is another one than we knew."""

WriteMeter = Callable[[str], None]
"""Told the result of each write: `written`, `unchanged`, `conflict` or `failed`."""


@dataclass(slots=True)
class StatusTarget:
    """One object whose status is written; `served` is its status as the API server last showed or took it."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    served: dict[str, Any] = field(default_factory=dict)

    def saw(self, resource_version: str) -> None:
        """Note the version that the watch shows; the echo of an earlier write of ours is older than the last one."""
        if not is_older(resource_version, self.resource_version):
            self.resource_version = resource_version


GivenUp = Callable[[StatusTarget, int | None], None]
"""Told the target, and the API server's last answer if there was one."""


class StatusConflict(Exception):
    """The object changed since it was read, or it is gone: fetch it and plan again."""


class StatusNotTaken(Exception):
    """The API server failed or refused the claim; nothing is known to have changed."""


class StatusWriter:
    """Writes the status of integrations; one per process, and one turn at a time writes to a target.

    Every write names the version that it is based on: an object of the same name that was made anew meanwhile is
    another one, and its status is not ours.
    """

    def __init__(
        self,
        integrations: Integrations,
        *,
        meter: WriteMeter = lambda _: None,
        given_up: GivenUp = lambda _, __: None,
    ) -> None:
        self._integrations = integrations
        self._meter = meter
        self._given_up = given_up

    async def claim(self, target: StatusTarget, status: IntegrationStatus) -> None:
        """Write a status only if nobody touched the object since it was read.

        Raises:
            StatusConflict: the object changed, or it is gone.
            StatusNotTaken: the API server did not take the claim; the code is its argument.
        """
        try:
            await self._patch(target, merge_patch(target.served, status.to_dict()))
        except KUBE_ERRORS as error:
            code = status_of(error)
            self._meter("conflict" if code in _MOVED_ON else "failed")
            if code in _MOVED_ON:
                raise StatusConflict from None
            raise StatusNotTaken(code or type(error).__name__) from None

    async def write(self, target: StatusTarget, status: IntegrationStatus) -> None:
        """Write a status, trying for minutes; based on the newest version when somebody else changed the object.

        An object that is gone is left alone. A status that cannot be written is given up: the next one carries
        everything anew.
        """
        give_up_at = asyncio.get_running_loop().time() + PATIENCE
        delay = 0.0
        while patch := merge_patch(target.served, status.to_dict()):
            try:
                await self._patch(target, patch)
            except KUBE_ERRORS as error:
                code = status_of(error)
                self._meter("conflict" if code in _MOVED_ON else "failed")
                if code == NOT_FOUND or (code == CONFLICT and not await self._look_again(target)):
                    return
                if _is_final(code) or asyncio.get_running_loop().time() > give_up_at:
                    self._given_up(target, code)
                    return
                await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, not a secret
                delay = min(MAX_DELAY, max(SECOND_DELAY, delay * 2))
            else:
                return
        self._meter("unchanged")

    async def _look_again(self, target: StatusTarget) -> bool:
        """Base the next try on what is there now; False when our object is gone."""
        try:
            body = await self._integrations.get(target.namespace, target.name)
        except KUBE_ERRORS:
            return True  # the next try shows
        if body is None or body["metadata"]["uid"] != target.uid:
            return False
        self._note(target, body)
        return True

    async def _patch(self, target: StatusTarget, patch: Mapping[str, Any]) -> None:
        answer = await self._integrations.patch_status(
            target.namespace, target.name, patch, resource_version=target.resource_version
        )
        self._note(target, answer)
        self._meter("written")

    @staticmethod
    def _note(target: StatusTarget, body: Mapping[str, Any]) -> None:
        target.resource_version = body["metadata"]["resourceVersion"]
        target.served = dict(body.get("status") or {})


def _is_final(code: int | None) -> bool:
    return code is not None and 400 <= code < 500 and code != CONFLICT and code not in _WORTH_ANOTHER_TRY


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch that turns one document into the other; lists are replaced whole.

    `after` holds no null: a merge patch cannot write one.
    """
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            if nested := merge_patch(old, value):
                patch[key] = nested
        elif key not in before or old != value:
            patch[key] = value
    return patch
