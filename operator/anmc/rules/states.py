"""The closed sets of consent: what a person wishes, what both services show of a number."""

from enum import StrEnum, unique


@unique
class Wish(StrEnum):
    """What the opt-in field of a person says; the third value is neither yes nor no (sync.md C1)."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@unique
class SmsStatus(StrEnum):
    """What Action Network's own SMS list says of a person, as far as it means something (sync.md C2)."""

    SUBSCRIBED = "Subscribed"
    UNSUBSCRIBED = "Unsubscribed"


@unique
class Membership(StrEnum):
    """What Mobile Commons shows of a number in scope (sync.md C4)."""

    NEVER = "Never"
    """No subscription."""
    PENDING = "Pending"
    """Asked for, and Mobile Commons waits for the person's reply."""
    ACTIVE = "Active"
    """Subscribed."""
    OPTED_OUT = "OptedOut"
    """Opted out: only the person's own act brings the number back."""
    UNDELIVERABLE = "Undeliverable"
    """The number cannot be texted; neither an opt-out nor open for an opt-in."""
    UNCLEAR = "Unclear"
    """A status that nobody knows; never taken for Active."""
