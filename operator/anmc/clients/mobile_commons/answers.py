"""Answers of Mobile Commons as records."""

from collections.abc import Callable

from lxml import etree

from anmc.clients.calls import Answer
from anmc.clients.failures import Unreadable
from anmc.clients.mobile_commons.models import to_campaign, to_profile, to_subscriber_row
from anmc.clients.mobile_commons.xml import read_payload
from anmc.rules.records import Campaign, Phone, Profile, SubscriberRow


def read_profiles(answer: Answer) -> list[Profile]:
    """Read a page of profiles (contract 6.6)."""
    return [to_profile(element) for element in _children(answer, "profiles", "profile")]


def read_subscribers(answer: Answer) -> list[SubscriberRow]:
    """Read a page of a campaign's subscribers (contract 6.5)."""
    return [to_subscriber_row(element) for element in _children(answer, "subscriptions", "sub")]


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
