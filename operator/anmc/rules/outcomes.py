"""What a run did to one record: category, reason, and what follows from them (sync.md O1)."""

from dataclasses import dataclass
from typing import Final

from anmc.api.names import Category, Reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one outcome of a record; `fields` are Mobile Commons field names, for the report."""

    category: Category
    reason: Reason
    fields: tuple[str, ...] = ()


_UNDONE_CATEGORIES: Final = frozenset(
    {
        Category.SKIPPED_MEMBERS,
        Category.FIELD_CONFLICT,
        Category.UNABLE_TO_UPDATE,
        Category.PROCESSING_ERROR,
        Category.VALIDATION_ERROR,
    }
)
"""Categories that leave work undone whatever the reason: conflict, skip, failure."""

_UNDONE_REASONS: Final = frozenset(
    {
        Reason.BOTH_CHANGED,
        Reason.FIRST_LINK_DIFFERS,
        Reason.NOT_RECENT,
        Reason.UNDELIVERABLE,
        Reason.MEMBERSHIP_UNCLEAR,
        Reason.OPT_OUT_LIMIT_REACHED,
        Reason.CREATE_LIMIT_REACHED,
    }
)
"""Reasons that leave work undone in any category. A queued opt-in is none: the queue remembers it."""


def is_settled(outcome: Outcome) -> bool:
    """Whether an unchanged record may be passed over next time (sync.md Q21, W9)."""
    return outcome.category not in _UNDONE_CATEGORIES and outcome.reason not in _UNDONE_REASONS
