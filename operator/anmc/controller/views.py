"""What the metrics show of the registry's entries."""

from anmc.controller.registry import Entry, Registry
from anmc.observability.collector import IntegrationView


def views(registry: Registry) -> list[IntegrationView]:
    """Copy every entry as the scrape needs it; the counters go on while the page is rendered."""
    return [_view(entry) for entry in registry]


def _view(entry: Entry) -> IntegrationView:
    seen = entry.seen
    common = {
        "namespace": seen.namespace,
        "name": seen.name,
        "is_active": seen.is_active,
        "status": entry.status,
        "running": frozenset(entry.running),
        "stale_after": dict(entry.stale_after),
        "running_since": dict(entry.running_since),
        "oldest_dead_letter": entry.oldest_dead_letter,
        "runs": dict(entry.runs),
        "records": dict(entry.records),
        "requests_per_second": entry.pace.requests_per_second() if entry.pace else None,
        "concurrency": entry.pace.concurrency() if entry.pace else None,
    }
    if seen.spec is None:
        return IntegrationView(**common)  # type: ignore[arg-type]
    return IntegrationView(
        **common,  # type: ignore[arg-type]
        subscribes=seen.spec.mobile_commons.opt_in_path is not None,
        sync_type=seen.spec.sync_type,
        push_mode=seen.spec.push.mode,
        pull_mode=seen.spec.pull.mode,
    )
