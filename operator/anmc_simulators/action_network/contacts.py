"""Who ends up with a number or an address that was written (action-network-api.md 8.1, 8.2)."""

from dataclasses import replace

from anmc_simulators.action_network.person import SUBSCRIBED, UNSUBSCRIBED, Address, Person
from anmc_simulators.action_network.state import Group
from anmc_simulators.action_network.writes import Written


def with_email(group: Group, person: Person, written: Written) -> Person:
    """Return the person with the address and e-mail status that were sent.

    An address that somebody else has is ignored without a message, while its status still counts
    (action-network-api.md 9). A first address is subscribed unless the caller says otherwise.
    """
    holder = group.with_email(written.email) if written.email else None
    if written.email and (holder is None or holder.position == person.position):
        status = person.email_status if person.email else SUBSCRIBED
        person = replace(person, email=written.email, email_status=status)
    if written.email_status and person.email:
        person = replace(person, email_status=written.email_status)
    return person


def with_phone(group: Group, person: Person, written: Written) -> Person:
    """Return the person with the number and SMS status that were sent.

    A number that somebody else has moves here with its status: from a record with an e-mail address it is
    taken away, a record with nothing but the number is merged into this one, which survives.
    A number that is new to the list starts unsubscribed.
    """
    if written.phone and written.phone != person.phone:
        holder = group.with_phone(written.phone)
        if holder is None:
            person = replace(person, phone=written.phone, sms_status=UNSUBSCRIBED)
        elif holder.email:
            group.put(replace(holder, phone="", sms_status=UNSUBSCRIBED))
            person = replace(person, phone=written.phone, sms_status=holder.sms_status)
        else:
            group.remove(holder)
            person = replace(_merged(person, holder), phone=written.phone, sms_status=holder.sms_status)
    if written.sms_status and person.phone:
        person = replace(person, sms_status=written.sms_status)
    return person


def _merged(survivor: Person, removed: Person) -> Person:
    """Fill the blanks of one record from the other; where both say something, the survivor is right."""
    return replace(
        survivor,
        given_name=survivor.given_name or removed.given_name,
        family_name=survivor.family_name or removed.family_name,
        address=removed.address if survivor.address == Address() else survivor.address,
        custom_fields={**removed.custom_fields, **survivor.custom_fields},
        foreign_identifiers=(*survivor.foreign_identifiers, *removed.foreign_identifiers),
    )
