from typing import Any

from anmc.api.names import Direction, Mode, RunResult, SyncType
from anmc.controller.registry import Entry, Registry
from anmc.controller.services import Pace
from anmc.controller.views import views
from support.controlled import NOON, FakeClock, a_sighting


def a_registry(**body: Any) -> tuple[Registry, Entry]:
    clock = FakeClock()
    registry = Registry(now=clock.now, monotonic=clock.monotonic, wake=lambda _: None)
    registry.observe(a_sighting(**body))
    (entry,) = registry
    return registry, entry


def test_the_metrics_show_the_settings_and_the_counters_of_an_entry() -> None:
    registry, entry = a_registry(syncType="Liberal", push__mode="DryRun", mobileCommons__optInPath="12345")
    entry.runs[Direction.PUSH, RunResult.SUCCEEDED] += 2
    entry.running.add(Direction.PULL)
    entry.running_since[Direction.PULL] = NOON
    entry.stale_after = {Direction.PUSH: NOON}

    (view,) = views(registry)

    assert (view.namespace, view.name, view.is_active, view.subscribes) == ("riverside", "river-keepers", True, True)
    assert (view.sync_type, view.push_mode, view.pull_mode) == (SyncType.LIBERAL, Mode.DRY_RUN, Mode.APPLY)
    assert view.runs == {(Direction.PUSH, RunResult.SUCCEEDED): 2}
    assert view.running == frozenset({Direction.PULL})
    assert view.running_since == {Direction.PULL: NOON}
    assert view.stale_after == {Direction.PUSH: NOON}


def test_a_view_is_a_copy_that_the_next_run_does_not_change() -> None:
    registry, entry = a_registry()
    (view,) = views(registry)

    entry.runs[Direction.PUSH, RunResult.FAILED] += 1
    entry.running.add(Direction.PUSH)

    assert view.runs == {}
    assert view.running == frozenset()


def test_what_the_pacers_allow_is_read_at_the_scrape() -> None:
    registry, entry = a_registry()
    (before,) = views(registry)
    allowed = [3.9, 0.5]
    entry.pace = Pace(requests_per_second=lambda: allowed[0], concurrency=lambda: 8)
    (first,) = views(registry)
    allowed.pop(0)
    (second,) = views(registry)

    assert (before.requests_per_second, before.concurrency) == (None, None)
    assert (first.requests_per_second, second.requests_per_second, second.concurrency) == (3.9, 0.5, 8)


def test_an_integration_whose_spec_cannot_be_read_is_shown_all_the_same() -> None:
    registry, _ = a_registry(push__interval="soon")

    (view,) = views(registry)

    assert view.name == "river-keepers"
    assert view.is_active


def test_a_forgotten_integration_is_not_shown() -> None:
    registry, entry = a_registry()

    registry.vanished([entry.seen.uid])

    assert views(registry) == []
