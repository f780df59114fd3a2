"""Filters of Action Network: typed values in, one clause out (action-network-api.md 5)."""

from datetime import datetime

from anmc.clients.times import write_time
from anmc.rules.records import Phone


def holds_phone(phone: Phone) -> str:
    """Select who holds exactly this number, in the form that the service stores."""
    return _clause("phone_number", "eq", phone.digits)


def holds_email(email: str) -> str:
    """Select who has this address."""
    return _clause("email_address", "eq", email)


def modified_after(instant: datetime) -> str:
    """Select whose record moved later than an instant, to the second and strictly."""
    return _clause("modified_date", "gt", write_time(instant))


def _clause(field: str, operator: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"{field} {operator} '{quoted}'"
