"""The person signup helper: create a person or update whom the contact points name."""

from anmc_simulators.action_network.contacts import with_email, with_phone
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import Group
from anmc_simulators.action_network.writes import Invalid, Written, layer


def sign_up(group: Group, written: Written) -> Person:
    """Store what was posted and return the record that now holds it (action-network-api.md 8.1, 8.2).

    Raises:
        Invalid: neither an e-mail address nor a number that can exist.
    """
    if not written.email and not written.phone:
        raise Invalid("at least an email address or a phone number is required")
    person = _match(group, written) or group.draft()
    person = layer(person, written, known_fields=frozenset(group.custom_fields))
    person = with_email(group, person, written)
    return group.put(with_phone(group, person, written))


def _match(group: Group, written: Written) -> Person | None:
    """Return the record to update: the e-mail address decides, the number where that leaves no doubt."""
    by_email = group.with_email(written.email) if written.email else None
    if by_email is not None or not written.phone:
        return by_email
    by_phone = group.with_phone(written.phone)
    # A number with another address means another person, to whom the number moves. A record without an
    # address gains this one: not established, the reading that creates nobody (action-network-api.md 8.1).
    return None if by_phone and by_phone.email and written.email else by_phone
