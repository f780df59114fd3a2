"""What a run did to one record: category, reason, and what follows from them (sync.md O1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from anmc.api.names import Category, Reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one outcome of a record; `fields` are Mobile Commons field names, for the report."""

    category: Category
    reason: Reason
    fields: tuple[str, ...] = ()


_ORDER: Final = (
    (Category.VALIDATION_ERROR,),
    (Category.SKIPPED_MEMBERS,),
    (Category.OPTED_OUT_IN_MOBILE_COMMONS, Category.OPTED_OUT_IN_ACTION_NETWORK),
    (Category.SUBSCRIBED,),
    (Category.IMPORTED, Category.EXPORTED),
    (Category.UPDATED_IN_MOBILE_COMMONS, Category.UPDATED_IN_ACTION_NETWORK),
    (Category.FIELD_CONFLICT,),
    (Category.PROCESSING_ERROR, Category.UNABLE_TO_UPDATE),
    (Category.NO_IMPORT, Category.NO_EXPORT),
    (Category.HELD,),
    (Category.DEFERRED_SUBSCRIPTION,),
    (Category.LINKED,),
    (Category.NO_DIFFERENCE,),
    (Category.NO_NEW_CHANGES,),
)
_RANKS: Final = {category: rank for rank, level in enumerate(_ORDER) for category in level}

_SAYS_NOTHING: Final = frozenset({Reason.APPLIED, Reason.PLANNED, Reason.NOTHING_TO_CARRY})
"""Reasons that give way to one that tells of a problem or a note."""

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
        Reason.PHONE_CHANGED,
        Reason.LINK_ONLY,
        Reason.NOT_RECENT,
        Reason.UNDELIVERABLE,
        Reason.MEMBERSHIP_UNCLEAR,
        Reason.OPT_OUT_LIMIT_REACHED,
        Reason.CREATE_LIMIT_REACHED,
    }
)
"""Reasons that leave work undone in any category. A queued opt-in is none: the queue remembers it, with the time
of its decision, which deciding again would lose."""


def rank(category: Category) -> int:
    """Return the place of a category in O1, 0 first; a deferred subscription ranks as one without a call."""
    return _RANKS[category]


def strongest(outcomes: Iterable[Outcome], *, notes: Sequence[Reason] = ()) -> Outcome:
    """Return the outcome that counts, with the reason that hides no problem.

    An outcome without a reason of its own takes that of the highest below it, else the first of the notes.

    Raises:
        ValueError: there is no outcome.
    """
    ranked = sorted(outcomes, key=lambda outcome: rank(outcome.category))
    if not ranked:
        raise ValueError("a record has at least one outcome")
    first, *others = ranked
    if first.reason not in _SAYS_NOTHING:
        return first
    for other in others:
        if other.reason not in _SAYS_NOTHING:
            return replace(first, reason=other.reason, fields=first.fields or other.fields)
    return replace(first, reason=notes[0]) if notes else first


def is_settled(outcome: Outcome) -> bool:
    """Whether an unchanged record may be passed over next time (sync.md Q21, W9)."""
    return outcome.category not in _UNDONE_CATEGORIES and outcome.reason not in _UNDONE_REASONS
