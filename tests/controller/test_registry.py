from datetime import timedelta
from typing import Any

import pytest

from anmc.controller.registry import Entry, Registry
from anmc.controller.sighting import SecretSighting
from support.controlled import NOON, FakeClock, a_sighting


class Watched:
    """A registry that writes down whom it woke."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        self.clock = FakeClock()
        self.registry = Registry(now=self.clock.now, monotonic=self.clock.monotonic, wake=self._wake)

    def _wake(self, entry: Entry) -> None:
        self.woken.append(entry.seen.uid)

    def see(self, **body: Any) -> bool:
        return self.registry.observe(a_sighting(**body))

    def entry(self, uid: str = "uid-1") -> Entry:
        entry = self.registry.get(uid)
        assert entry is not None
        return entry


@pytest.fixture
def watched() -> Watched:
    watched = Watched()
    watched.see(status={"observedGeneration": 1, "push": {"consecutiveFailures": 2}})
    watched.woken.clear()
    return watched


def test_the_first_sight_is_due_at_once_and_takes_up_the_status() -> None:
    watched = Watched()

    is_new = watched.see(status={"push": {"consecutiveFailures": 2}})

    assert is_new
    assert watched.woken == ["uid-1"]
    assert watched.entry().due == NOON
    assert watched.entry().status.push.consecutive_failures == 2


def test_the_echo_of_our_own_status_wakes_nobody_and_is_not_read(watched: Watched) -> None:
    before = watched.entry().status

    is_new = watched.see(version="11", status={"observedGeneration": 1, "push": {"consecutiveFailures": 9}})

    assert not is_new
    assert watched.woken == []
    assert watched.entry().status == before
    assert watched.entry().target.resource_version == "11"


def test_the_echo_of_an_earlier_write_does_not_put_back_the_version(watched: Watched) -> None:
    watched.entry().target.saw("15")

    watched.see(version="12")

    assert watched.entry().target.resource_version == "15"


def test_a_new_generation_stops_the_run_and_is_looked_at(watched: Watched) -> None:
    before = watched.entry().revision

    assert watched.see(version="11", generation=2, notes="edited")

    assert watched.woken == ["uid-1"]
    assert watched.entry().stop.is_set()
    assert watched.entry().revision > before
    assert watched.entry().seen.generation == 2


def test_a_deactivation_stops_the_run(watched: Watched) -> None:
    watched.see(version="11", generation=2, active=False)

    assert watched.entry().stop.is_set()
    assert not watched.entry().seen.is_active


def test_a_request_is_looked_at_and_stops_nothing(watched: Watched) -> None:
    before = watched.entry().revision

    assert watched.see(version="11", annotations={"anmc.io/push-requested-at": "now"})

    assert watched.woken == ["uid-1"]
    assert not watched.entry().stop.is_set()
    assert watched.entry().revision == before


def test_a_list_that_is_older_than_the_watch_changes_nothing(watched: Watched) -> None:
    watched.see(version="20", generation=3)
    watched.woken.clear()

    is_new = watched.see(version="19", generation=2)

    assert not is_new
    assert watched.woken == []
    assert watched.entry().seen.generation == 3


def test_a_user_edit_that_arrives_after_our_own_later_write_is_taken_up(watched: Watched) -> None:
    watched.entry().target.saw("30")

    assert watched.see(version="29", generation=2)

    assert watched.entry().seen.generation == 2
    assert watched.entry().target.resource_version == "30"


@pytest.mark.parametrize("secret", ["mobile-commons", "action-network"])
def test_a_changed_secret_wakes_those_who_use_it(watched: Watched, secret: str) -> None:
    before = watched.entry().revision

    watched.registry.secret_changed(SecretSighting("riverside", secret))

    assert watched.woken == ["uid-1"]
    assert watched.entry().revision > before
    assert not watched.entry().stop.is_set()


@pytest.mark.parametrize(("namespace", "name"), [("riverside", "other"), ("elsewhere", "action-network")])
def test_a_secret_of_somebody_else_wakes_nobody(watched: Watched, namespace: str, name: str) -> None:
    watched.registry.secret_changed(SecretSighting(namespace, name))

    assert watched.woken == []


def test_a_deleted_object_is_forgotten_and_its_run_stops(watched: Watched) -> None:
    entry = watched.entry()

    assert watched.see(deleted=True)

    assert watched.registry.get("uid-1") is None
    assert entry.stop.is_set()
    assert len(watched.registry) == 0


def test_a_deletion_of_what_is_not_known_is_nothing_new(watched: Watched) -> None:
    assert not watched.see(uid="uid-9", name="nobody", deleted=True)


def test_vanished_objects_are_forgotten_and_counted(watched: Watched) -> None:
    watched.see(uid="uid-2", name="other")

    assert watched.registry.vanished(["uid-1", "uid-9"]) == 1

    assert watched.registry.uids() == {"uid-2"}


def test_an_object_made_anew_under_the_same_name_replaces_the_old_one(watched: Watched) -> None:
    old = watched.entry()

    watched.see(uid="uid-2", version="40")

    assert watched.registry.uids() == {"uid-2"}
    assert old.stop.is_set()
    assert watched.entry("uid-2").status.push.consecutive_failures == 0


def test_a_late_deletion_of_the_old_object_leaves_its_namesake_alone(watched: Watched) -> None:
    watched.see(uid="uid-2", version="40")

    watched.see(deleted=True)
    watched.see(uid="uid-3", version="50")

    assert watched.registry.uids() == {"uid-3"}


def test_walking_the_registry_is_safe_while_it_changes(watched: Watched) -> None:
    watched.see(uid="uid-2", name="other")

    for entry in watched.registry:
        watched.registry.vanished([entry.seen.uid])

    assert len(watched.registry) == 0


def test_being_seen_is_remembered(watched: Watched) -> None:
    watched.clock.move(seconds=timedelta(minutes=3).total_seconds())

    watched.see(version="11")

    assert watched.entry().seen_at == 180
