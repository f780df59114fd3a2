"""What a run did to one record: category, reason and which outcome counts (sync.md O1)."""

from dataclasses import dataclass

from anmc.api.names import Category, Reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one outcome of a record; `fields` are Mobile Commons field names, for the report."""

    category: Category
    reason: Reason
    fields: tuple[str, ...] = ()
