"""Conditions of an integration: one entry per type, whose transition time moves only when the status flips."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from anmc.api.names import ConditionReason, ConditionStatus, ConditionType
from anmc.api.times import ApiTime

MESSAGE_MAX_LENGTH: Final = 1024
"""Longest message of a condition or a run, in characters (api.md 4.2)."""

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TYPE_ORDER: Final = tuple(ConditionType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A `metav1.Condition`."""

    __pydantic_config__ = ConfigDict(alias_generator=to_camel)

    type: ConditionType
    status: ConditionStatus
    reason: ConditionReason
    message: str = ""
    observed_generation: int = 0
    last_transition_time: ApiTime


def find_condition(conditions: Iterable[Condition], type_: ConditionType) -> Condition | None:
    """Return the condition of a type; None when it is absent."""
    return next((condition for condition in conditions if condition.type is type_), None)


def set_condition(
    conditions: Iterable[Condition],
    type_: ConditionType,
    status: ConditionStatus,
    reason: ConditionReason,
    message: str = "",
    *,
    generation: int,
    now: datetime,
) -> tuple[Condition, ...]:
    """Return the list with one condition set, in the order of `ConditionType`.

    `generation` is the one of the spec that was looked at. The transition time is `now` only if the status
    differs from the one before; a new reason or message leaves it alone.
    """
    others = remove_condition(conditions := tuple(conditions), type_)
    before = find_condition(conditions, type_)
    condition = Condition(
        type=type_,
        status=status,
        reason=reason,
        message=plain_message(message),
        observed_generation=generation,
        last_transition_time=before.last_transition_time if before and before.status is status else now,
    )
    return tuple(sorted((*others, condition), key=lambda one: _TYPE_ORDER.index(one.type)))


def remove_condition(conditions: Iterable[Condition], type_: ConditionType) -> tuple[Condition, ...]:
    """Return the list without a type that is present only while True."""
    return tuple(condition for condition in conditions if condition.type is not type_)


def plain_message(text: str) -> str:
    """Return one line of at most 1024 characters: control characters become blanks, a long text ends in `…`."""
    line = _CONTROL_CHARACTERS.sub(" ", text).strip()
    return line if len(line) <= MESSAGE_MAX_LENGTH else line[: MESSAGE_MAX_LENGTH - 1] + "…"
