"""The person signup helper: create a person or update whom the contact points name."""

from anmc_simulators.action_network.people import store
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import Group
from anmc_simulators.action_network.switches import NewEmail
from anmc_simulators.action_network.writes import Invalid, Written


def sign_up(group: Group, written: Written) -> Person:
    """Store what was posted and return the record that now holds it (action-network-api.md 8.1, 8.2).

    Raises:
        Invalid: neither an e-mail address nor a number that can exist.
        Failing: as for `store`.
    """
    if not written.email and not written.phone:
        raise Invalid("at least an email address or a phone number is required")
    return store(group, _match(group, written) or group.draft(), written)


def _match(group: Group, written: Written) -> Person | None:
    """Return the record to update: the e-mail address decides, the number where that leaves no doubt."""
    by_email = group.with_email(written.email) if written.email else None
    if by_email is not None or not written.phone:
        return by_email
    by_phone = group.with_phone(written.phone)
    if by_phone is None or not written.email:
        return by_phone
    # A number with another address means another person, to whom the number moves. What a record without an
    # address does is not established; gaining this one creates nobody (action-network-api.md 8.1).
    gains_it = not by_phone.email and group.settings.new_email_for_phone_only is NewEmail.GAINED
    return by_phone if gains_it else None
