"""Who ends up with a number or an address that was written (action-network-api.md 8.1, 8.2)."""

from dataclasses import replace

from anmc_simulators.action_network.person import SUBSCRIBED, UNSUBSCRIBED, Address, Person
from anmc_simulators.action_network.state import Group
from anmc_simulators.action_network.switches import NewEmail, Survivor
from anmc_simulators.action_network.writes import Written


def is_somebody_else_s(group: Group, person: Person, email: str) -> bool:
    """Tell whether another person of the list has this address."""
    holder = group.with_email(email) if email else None
    return holder is not None and holder.position != person.position


def with_email(group: Group, person: Person, written: Written) -> Person:
    """Return the person with the address and e-mail status that were sent.

    An address that somebody else has is ignored without a message, while its status still counts
    (action-network-api.md 9). A first address is subscribed unless the caller says otherwise.
    """
    if written.email and not is_somebody_else_s(group, person, written.email):
        status = person.email_status if person.email else SUBSCRIBED
        person = replace(person, email=written.email, email_status=status)
    if written.email_status and person.email:
        person = replace(person, email_status=written.email_status)
    return person


def with_phone(group: Group, person: Person, written: Written) -> Person:
    """Return the person with the number and SMS status that were sent.

    A number that somebody else has moves here with its status: from a record with an e-mail address it is
    taken away, a record with nothing but the number is merged with this one; who survives may have the
    other's id. A number that is new to the list starts unsubscribed.
    """
    if written.phone and written.phone != person.phone:
        holder = group.with_phone(written.phone)
        if holder is None:
            person = replace(person, phone=written.phone, sms_status=UNSUBSCRIBED)
        elif holder.email or (
            # Only a new person meets such a record here under this setting.
            not group.has(person) and group.settings.new_email_for_phone_only is NewEmail.PHONE_TAKEN
        ):
            group.put(replace(holder, phone="", sms_status=UNSUBSCRIBED))
            person = replace(person, phone=written.phone, sms_status=holder.sms_status)
        else:
            outlives = group.has(person) and group.settings.merge_survivor is Survivor.PHONE_RECORD
            both = merge(group, person, holder, survivor=holder if outlives else person)
            person = replace(both, phone=written.phone, sms_status=holder.sms_status)
    if written.sms_status and person.phone:
        person = replace(person, sms_status=written.sms_status)
    return person


def merge(group: Group, person: Person, other: Person, *, survivor: Person) -> Person:
    """Take one of two records off the list and return the survivor with the contents of both, to be stored.

    Where both say something, the first is right.
    """
    group.remove(other if survivor is person else person, merged_into=survivor)
    sms = person if person.phone else other
    return replace(
        person,
        id=survivor.id,
        position=survivor.position,
        created=survivor.created,
        given_name=person.given_name or other.given_name,
        family_name=person.family_name or other.family_name,
        email=person.email or other.email,
        email_status=person.email_status if person.email else other.email_status,
        phone=sms.phone,
        sms_status=sms.sms_status,
        address=other.address if person.address == Address() else person.address,
        custom_fields={**other.custom_fields, **person.custom_fields},
        foreign_identifiers=(*person.foreign_identifiers, *other.foreign_identifiers),
    )
