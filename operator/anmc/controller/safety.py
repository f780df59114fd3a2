"""Safety stops as the controller sees them: which direction is stopped, what lets it pass (sync.md S4)."""

from dataclasses import replace

from anmc.api.conditions import Condition, find_condition
from anmc.api.names import ConditionReason, ConditionType, Direction
from anmc.api.status import IntegrationStatus

SYNCED = {Direction.PUSH: ConditionType.PUSH_SYNCED, Direction.PULL: ConditionType.PULL_SYNCED}
"""The condition that tells how the runs of a direction go."""


def find_stop(conditions: tuple[Condition, ...], direction: Direction) -> Condition | None:
    """Return the condition that says that a direction is stopped; None if it is not.

    It stands until a run of the direction has come to its end within the limits, or past them.
    """
    synced = find_condition(conditions, SYNCED[direction])
    return synced if synced is not None and synced.reason is ConditionReason.SAFETY_STOP else None


def is_stopped(status: IntegrationStatus, direction: Direction) -> bool:
    """Say whether a direction is stopped."""
    return find_stop(status.conditions, direction) is not None


def override_for(status: IntegrationStatus, direction: Direction, token: str) -> str:
    """Return the token if it lets the next run of a direction pass its limits, else nothing."""
    is_new = token != status.last_handled_safety_override
    return token if is_new and is_stopped(status, direction) else ""


def settle_override(status: IntegrationStatus, token: str) -> IntegrationStatus:
    """Note a token as used once it has nothing left to do: it must not let a later stop pass."""
    if not token or any(is_stopped(status, direction) for direction in Direction):
        return status
    return replace(status, last_handled_safety_override=token)
