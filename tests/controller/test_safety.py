"""What a safety stop shows, and how an override lets it pass once (sync.md S4, api.md 4.2)."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from anmc.api.conditions import Condition
from anmc.api.names import ConditionReason, ConditionStatus, Direction, RunResult, Trigger
from anmc.api.status import IntegrationStatus
from anmc.controller import safety
from anmc.errors import SafetyStop, ServiceUnavailable
from anmc.store.store import Store
from support.controlled import NOON, shown
from support.fake_world import Stage

STOP = SafetyStop("The run would opt out 40 of 50 linked people", limit="maxOptOutPercent", value=80, allowed=20)


def override(token: str) -> dict[str, str]:
    return {"anmc.io/safety-override": token}


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "anmc.db"

    async def migrate() -> None:
        await (await Store.open(f"sqlite:///{path}")).close()

    asyncio.run(migrate())
    return path


@pytest.fixture
async def stage(empty_store: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    store = await Store.open(f"sqlite:///{shutil.copy(empty_store, tmp_path)}")
    yield Stage(store)
    await store.close()


@pytest.fixture
async def stopped(stage: Stage) -> Stage:
    """An integration whose first push came to a limit."""
    stage.services.before = lambda operation: fail(STOP) if operation == "list_profiles" else None
    stage.apply()
    await stage.take_turn()
    return stage


def fail(error: Exception) -> None:
    raise error


def let_all_pass(_operation: str) -> None: ...


async def test_a_stop_stalls_the_integration_and_is_told_once(stopped: Stage) -> None:
    first = stopped.status
    await stopped.take_due_turn()

    conditions = shown(first.conditions)
    assert conditions["PushSynced"] == "False SafetyStop"
    assert conditions["Ready"] == "False SafetyStop"
    assert conditions["Stalled"] == "True SafetyStop"
    assert "Reconciling" not in conditions
    assert first.push.last_run is not None
    assert first.push.last_run.result is RunResult.FAILED
    assert "spec.safety.maxOptOutPercent" in first.push.last_run.message
    assert stopped.events.reasons.count("SafetyStop") == 1


async def test_a_later_failure_of_another_kind_leaves_the_stop_standing(stopped: Stage) -> None:
    away = ServiceUnavailable("Mobile Commons does not answer")
    stopped.services.before = lambda operation: fail(away) if operation == "list_profiles" else None

    status = await stopped.take_due_turn()

    assert shown(status.conditions)["PushSynced"] == "False SafetyStop"
    assert shown(status.conditions)["Stalled"] == "True SafetyStop"


@pytest.mark.rule("S4")
async def test_a_run_within_its_limits_clears_the_stop(stopped: Stage) -> None:
    stopped.services.before = let_all_pass

    status = await stopped.take_due_turn()

    assert shown(status.conditions)["PushSynced"] == "True NothingToDo"
    assert shown(status.conditions)["Ready"] == "True Synced"
    assert "Stalled" not in shown(status.conditions)


@pytest.mark.rule("S4")
async def test_an_override_runs_the_stopped_direction_at_once_and_is_used_up(stopped: Stage) -> None:
    stopped.services.before = let_all_pass
    stopped.apply(annotations=override("go"))

    status = await stopped.take_turn()

    assert status.push.last_run is not None
    assert (status.push.last_run.trigger, status.push.last_run.result) == (Trigger.REQUEST, RunResult.SUCCEEDED)
    assert status.last_handled_safety_override == "go"
    assert "go" not in repr(stopped.entry.seen.requests)


async def test_an_override_is_kept_until_a_run_gets_to_its_end(stopped: Stage) -> None:
    away = ServiceUnavailable("Mobile Commons does not answer")
    stopped.services.before = lambda operation: fail(away) if operation == "list_profiles" else None
    stopped.apply(annotations=override("go"))
    failed = await stopped.take_turn()
    stopped.services.before = let_all_pass

    status = await stopped.take_due_turn()

    assert failed.last_handled_safety_override == ""
    assert status.last_handled_safety_override == "go"


async def test_an_override_with_nothing_to_let_pass_counts_for_no_later_stop(stage: Stage) -> None:
    stage.apply(annotations=override("early"))
    await stage.take_turn()
    stage.services.before = lambda operation: fail(STOP) if operation == "list_profiles" else None

    status = await stage.take_due_turn()

    assert status.last_handled_safety_override == "early"
    assert shown(status.conditions)["PushSynced"] == "False SafetyStop"
    assert "RequestIgnored" in stage.events.reasons


class TestPureRules:
    @staticmethod
    def status(*stopped: Direction, handled: str = "") -> IntegrationStatus:
        conditions = tuple(
            Condition(
                type=safety.SYNCED[direction],
                status=ConditionStatus.FALSE,
                reason=ConditionReason.SAFETY_STOP,
                last_transition_time=NOON,
            )
            for direction in stopped
        )
        return replace(IntegrationStatus(), conditions=conditions, last_handled_safety_override=handled)

    def test_a_token_is_for_stopped_directions_only(self) -> None:
        status = self.status(Direction.PULL)

        assert safety.override_for(status, Direction.PULL, "go") == "go"
        assert safety.override_for(status, Direction.PUSH, "go") == ""

    def test_a_used_token_lets_nothing_pass(self) -> None:
        assert safety.override_for(self.status(Direction.PULL, handled="go"), Direction.PULL, "go") == ""

    def test_a_token_serves_both_stopped_directions_before_it_is_used_up(self) -> None:
        both, one, none = self.status(*Direction), self.status(Direction.PUSH), self.status()

        assert safety.settle_override(both, "go") is both
        assert safety.settle_override(one, "go") is one
        assert safety.settle_override(none, "go").last_handled_safety_override == "go"
