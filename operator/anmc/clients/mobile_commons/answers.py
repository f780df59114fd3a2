"""Answers of Mobile Commons as records."""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from lxml import etree

from anmc.clients.calls import Answer
from anmc.clients.failures import Unreadable
from anmc.clients.mobile_commons.models import id_of_profile, id_of_row, to_campaign, to_profile, to_subscriber_row
from anmc.clients.mobile_commons.xml import read_payload, text_of
from anmc.clients.served import Served
from anmc.rules.records import Campaign, Phone, Profile, ProfileId, SubscriberRow

R = TypeVar("R")

_SHOWN_ID: Final = re.compile(rb'<profile\s+id="([0-9]{1,20})"')
_SHOWN_ID_OF_ROW: Final = re.compile(rb"<profile_id>\s*([0-9]{1,20})\s*</profile_id>")
"""How ids stand in an answer, for one that cannot be parsed."""


def read_profiles(answer: Answer) -> Served[Profile]:
    """Read a page of profiles (contract 6.6)."""
    return _read_page(answer, "profiles", "profile", to_profile, id_of_profile)


def read_subscribers(answer: Answer) -> Served[SubscriberRow]:
    """Read a page of a campaign's subscribers (contract 6.5)."""
    return _read_page(answer, "subscriptions", "sub", to_subscriber_row, id_of_row)


def look_up_reader(phones: Sequence[Phone]) -> Callable[[Answer], Served[Profile]]:
    """Return a reader of the profiles of these numbers; `unreadable` are places among the numbers, from 0.

    A profile that does not even say its number could be that of any of them: the answer is unreadable then.
    """
    places = {phone.digits: place for place, phone in enumerate(phones)}

    def read(answer: Answer) -> Served[Profile]:
        profiles: list[Profile] = []
        unreadable: dict[int, str | None] = {}
        for element in _children(answer, "profiles", "profile"):
            number = text_of(element, "phone_number")
            if not number:
                raise Unreadable
            if number not in places:
                continue
            try:
                profiles.append(to_profile(element))
            except Unreadable:
                unreadable[places[number]] = id_of_profile(element)
        return Served(tuple(profiles), answer.read_at, is_end=False, unreadable=unreadable)

    return read


def find_profile_id(damaged: bytes) -> ProfileId | None:
    """Return the id of the only profile in an answer that cannot be parsed; None if it shows none, or several."""
    return _the_only(_SHOWN_ID.findall(damaged))


def find_profile_id_of_row(damaged: bytes) -> ProfileId | None:
    """Return the profile of the only subscriber in an answer that cannot be parsed; None as above."""
    return _the_only(_SHOWN_ID_OF_ROW.findall(damaged))


def _the_only(shown: Sequence[bytes]) -> ProfileId | None:
    return ProfileId(shown[0].decode()) if len(shown) == 1 else None


def _read_page(
    answer: Answer,
    container: str,
    tag: str,
    convert: Callable[[etree._Element], R],
    id_of: Callable[[etree._Element], ProfileId | None],
) -> Served[R]:
    """Read the records one by one: what is wrong with one of them spoils that one alone."""
    records: list[R] = []
    unreadable: dict[int, str | None] = {}
    children = _children(answer, container, tag)
    for place, element in enumerate(children):
        try:
            records.append(convert(element))
        except Unreadable:
            unreadable[place] = id_of(element)
    return Served(tuple(records), answer.read_at, is_end=not children, unreadable=unreadable)


def _children(answer: Answer, container: str, tag: str) -> list[etree._Element]:
    """Return the records of a page; it is damaged if it does not hold as many as it says (contract 4)."""
    payload = read_payload(answer).find(container)
    if payload is None:
        raise Unreadable
    children = payload.findall(tag)
    if payload.get("num", "").strip() != str(len(children)):
        raise Unreadable
    return children


def read_campaigns(answer: Answer) -> list[Campaign]:
    """Read the list of campaigns (contract 6.1)."""
    payload = read_payload(answer).find("campaigns")
    if payload is None:
        raise Unreadable
    return [to_campaign(element) for element in payload.iterfind("campaign")]


def profile_reader(phone: Phone) -> Callable[[Answer], Profile]:
    """Return a reader of one profile; an answer about another number is none."""

    def read(answer: Answer) -> Profile:
        element = read_payload(answer).find("profile")
        if element is None:
            raise Unreadable
        profile = to_profile(element)
        if profile.number != phone.digits:
            raise Unreadable
        return profile

    return read
