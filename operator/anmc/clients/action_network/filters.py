"""Filters of Action Network: typed values in, one clause out (action-network-api.md 5)."""

from datetime import UTC, datetime, timedelta
from typing import Final

from anmc.clients.times import write_time
from anmc.rules.records import Phone

_SECOND: Final = timedelta(seconds=1)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def holds_phone(phone: Phone) -> str:
    """Select who holds exactly this number, in the form that the service stores."""
    return _clause("phone_number", "eq", phone.digits)


def holds_email(email: str) -> str:
    """Select who has this address."""
    return _clause("email_address", "eq", email)


def modified_after(instant: datetime) -> str:
    """Select whose record moved later than an instant, to the second and strictly."""
    return _clause("modified_date", "gt", write_time(instant))


def created(since: datetime | None, until: datetime | None) -> str:
    """Select who was created from one second on and before another; None leaves the list open there.

    The operators are strict, so the first second is asked for by the one before it (action-network-api.md 4.3).
    """
    clauses = []
    if since is not None or until is None:
        clauses.append(_clause("created_date", "gt", write_time((since or _LONG_AGO) - _SECOND)))
    if until is not None:
        clauses.append(_clause("created_date", "lt", write_time(until)))
    return " and ".join(clauses)


def _clause(field: str, operator: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"{field} {operator} '{quoted}'"
