"""What Kopf tells us: a handler reports a sighting and leaves (kopf.md 4)."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import kopf

from anmc.api.names import CREDENTIALS_LABEL, GROUP, INTEGRATION_PLURAL, VERSION
from anmc.controller.registry import Registry
from anmc.controller.sighting import SecretSighting, Sighting

LOGIN_LIFETIME: Final = timedelta(minutes=30)
"""How long Kopf keeps its log-in: renewed before a request, no 401 has to end the operator (kopf.md F12)."""


@dataclass(frozen=True, slots=True)
class WatchContext:
    """What the handlers reach; Kopf copies it once per object, so it holds references only."""

    registry: Registry
    count: Callable[[str, str], None]
    """Told kind and type of each event."""


async def integration_seen(event: kopf.RawEvent, memo: WatchContext, **_: object) -> None:
    """Note what the watch saw; the scheduler decides whether anything is due."""
    kind = event["type"]
    memo.count("integration", kind.lower() if kind else "listed")
    memo.registry.observe(Sighting.of(event["object"], deleted=kind == "DELETED"))


async def secret_seen(event: kopf.RawEvent, memo: WatchContext, **_: object) -> None:
    """Note that a labelled Secret changed; its data is not looked at."""
    kind = event["type"]
    memo.count("secret", kind.lower() if kind else "listed")
    if kind is not None:  # a listed Secret is as it was: only changes wake anybody
        memo.registry.secret_changed(SecretSighting.of(event["object"]))


async def log_in(**kwargs: object) -> kopf.ConnectionInfo | None:
    """Log in by service account, else by kubeconfig; anew every half hour."""
    info = kopf.login_with_service_account(**kwargs) or kopf.login_via_client(**kwargs)  # type: ignore[arg-type]
    return dataclasses.replace(info, expiration=datetime.now(UTC) + LOGIN_LIFETIME) if info else None


def wire(*, watch_secrets: bool) -> tuple[kopf.OperatorRegistry, kopf.OperatorSettings]:
    """Build what Kopf needs; nothing is registered at import, so several operators fit into one process."""
    registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
    kopf.on.login(registry=registry)(log_in)
    kopf.on.event(GROUP, VERSION, INTEGRATION_PLURAL, registry=registry)(integration_seen)
    if watch_secrets:  # a kind that may not be listed ends the operator (kopf.md F8)
        kopf.on.event("", "v1", "secrets", registry=registry)(secret_seen)
        settings.watching.label_selectors["", "v1", "secrets"] = f"{CREDENTIALS_LABEL}=true"
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = 300
    settings.networking.request_timeout = 60
    settings.networking.error_backoffs = (1, 2, 4, 8, 15, *[30] * 9)  # five minutes
    return registry, settings
