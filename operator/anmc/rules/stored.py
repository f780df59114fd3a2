"""Whether a service has kept what was written to it (sync.md F15)."""

from collections.abc import Mapping, Sequence

from anmc.api.mapping import FieldMapping
from anmc.api.names import Reason
from anmc.rules.normalise import canonical, kind_of

Values = Mapping[str, str | None]


def not_kept_by_person(mappings: Sequence[FieldMapping], written: Values, shown: Values) -> tuple[Reason, ...]:
    """Name what Action Network has not kept: an address that another person has (`EmailTaken`), or a value.

    `written` and `shown` are by API field name; what is no data of the mapping is left out.
    """
    lost = [
        mapping.field
        for mapping in mappings
        if (name := mapping.api_field_name) in written
        and _differ(mapping.field, written[name], shown.get(name), country=shown.get("country"))
    ]
    notes = (Reason.EMAIL_TAKEN,) if "email" in lost else ()
    return (*notes, Reason.NOT_STORED) if any(field != "email" for field in lost) else notes


def not_kept_by_profile(mappings: Sequence[FieldMapping], written: Values, shown: Values) -> tuple[Reason, ...]:
    """Say whether Mobile Commons has not kept a value; both by Mobile Commons field name."""
    is_lost = any(
        mapping.field in written
        and _differ(mapping.field, written[mapping.field], shown.get(mapping.field), country=shown.get("country"))
        for mapping in mappings
    )
    return (Reason.NOT_STORED,) if is_lost else ()


def _differ(field: str, written: str | None, shown: str | None, *, country: str | None) -> bool:
    kind = kind_of(field)
    return canonical(kind, written, country=country or "") != canonical(kind, shown, country=country or "")
