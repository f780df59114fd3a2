from typing import Any, cast

import kopf
import pytest

from anmc.controller.handlers import WatchContext, integration_seen, secret_seen, wire
from anmc.controller.registry import Registry
from support.controlled import FakeClock, a_body


class Watch:
    def __init__(self) -> None:
        clock = FakeClock()
        self.counted: list[tuple[str, str]] = []
        self.woken: list[str] = []
        self.registry = Registry(
            now=clock.now, monotonic=clock.monotonic, wake=lambda entry: self.woken.append(entry.seen.name)
        )
        self.memo = WatchContext(self.registry, lambda kind, type_: self.counted.append((kind, type_)))

    async def integration(self, type_: str | None, **body: Any) -> None:
        event = cast("kopf.RawEvent", {"type": type_, "object": a_body(**body)})
        await integration_seen(event, self.memo)

    async def secret(self, type_: str | None, name: str) -> None:
        body = {"metadata": {"namespace": "riverside", "name": name}}
        await secret_seen(cast("kopf.RawEvent", {"type": type_, "object": body}), self.memo)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.mark.parametrize(("type_", "label"), [(None, "listed"), ("ADDED", "added"), ("MODIFIED", "modified")])
async def test_what_the_watch_shows_is_counted_and_known(watch: Watch, type_: str | None, label: str) -> None:
    await watch.integration(type_)

    assert watch.counted == [("integration", label)]
    assert watch.registry.uids() == {"uid-1"}


async def test_a_deletion_is_forgotten(watch: Watch) -> None:
    await watch.integration("ADDED")

    await watch.integration("DELETED")

    assert watch.registry.uids() == frozenset()


async def test_a_changed_secret_wakes_its_users_and_a_listed_one_does_not(watch: Watch) -> None:
    await watch.integration("ADDED")
    watch.woken.clear()

    await watch.secret(None, "action-network")
    listed = list(watch.woken)
    await watch.secret("MODIFIED", "action-network")

    assert listed == []
    assert watch.woken == ["river-keepers"]


@pytest.mark.parametrize(
    ("watches_secrets", "kinds"),
    [(True, ["datasyncintegrations", "secrets"]), (False, ["datasyncintegrations"])],
)
def test_kopf_watches_these_kinds_and_writes_nothing(*, watches_secrets: bool, kinds: list[str]) -> None:
    registry, settings = wire(watch_secrets=watches_secrets)

    watched = [handler.selector.any_name for handler in registry._watching.get_all_handlers() if handler.selector]
    assert watched == kinds
    for writing in (registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert writing.get_all_handlers() == []
    assert not settings.posting.enabled
    assert settings.peering.standalone
    assert settings.scanning.disabled


def test_only_labelled_secrets_are_sent_to_us() -> None:
    _, settings = wire(watch_secrets=True)

    assert list(settings.watching.label_selectors.values()) == ["anmc.io/credentials=true"]
