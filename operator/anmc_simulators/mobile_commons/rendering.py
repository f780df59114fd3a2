"""Answers as XML, with the quirks that the service has on record (mobile-commons-api.md 3, 7, 12)."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.records import (
    ADDRESS_FIELDS,
    Campaign,
    Click,
    OptInPath,
    Profile,
    Source,
    Subscription,
)
from anmc_simulators.mobile_commons.switches import MobileCommonsSwitches
from anmc_simulators.mobile_commons.times import in_attribute, in_element
from anmc_simulators.mobile_commons.variants import (
    constituent_id,
    place_name,
    profile_status,
    subscription_status,
    with_novelties,
)

DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'

_EMPTY: Final = "\n"
"""The text of a container without children: white space, never nothing (3.1, rule 3)."""

_PADDING: Final = "\n", "        "
"""What stands before and behind the text of a custom column (3.1, rule 2)."""

_PLACE: Final = etree.fromstring(
    "<x><last_saved_location><latitude>38.9</latitude><longitude>-77.0</longitude><precision>place</precision>"
    "<city>Washington</city><state>DC</state><postal_code>20001</postal_code><country>US</country>"
    "</last_saved_location><last_saved_districts><congressional_district>DC-</congressional_district>"
    "<state_upper_district>DC-</state_upper_district><state_lower_district>DC-</state_lower_district>"
    "<split_district>No</split_district></last_saved_districts></x>"
)
"""A location guessed for everybody alike, which is not the person's address (7)."""


_BROWSER: Final = (
    ("remote_addr", "192.0.2.7"),
    ("http_referer", None),
    ("user_agent", "Mozilla/5.0 (invented; nobody's phone)"),
)
"""Whose click it was, which is nobody's: the address is one that is set aside for examples."""


@dataclass(frozen=True, slots=True)
class Include:
    """Which parts of a profile an answer has; each vanishes with its flag (6.6, 6.7)."""

    custom_columns: bool = True
    subscriptions: bool = True
    clicks: bool = True
    members: bool = True
    messages: bool = False
    donations: bool = False


EVERYTHING: Final = Include()


def success(payload: etree._Element) -> bytes:
    """Return an answer with its one payload element."""
    response = etree.Element("response", success="true")
    response.append(payload)
    return _document(response)


def failure(identity: int, message: str) -> bytes:
    """Return an application error, which travels with HTTP 200 (2)."""
    response = etree.Element("response", success="false")
    etree.SubElement(response, "error", id=str(identity), message=message)
    return _document(response)


def profiles(company: Company, found: Iterable[Profile], *, page: int, include: Include) -> etree._Element:
    """Return one page of profiles; `num` is the size of this page, not of all (4)."""
    children = [profile(company, one, include=include) for one in found]
    return _container("profiles", children, num=str(len(children)), page=str(page))


def profile(company: Company, one: Profile, *, include: Include = EVERYTHING) -> etree._Element:
    """Return a full profile element, its children in the recorded order (7)."""
    settings = company.settings
    element = etree.Element("profile", id=one.id)
    for name, text in (
        ("first_name", one.fields.get("first_name")),
        ("last_name", one.fields.get("last_name")),
        ("phone_number", one.phone),
        ("email", one.fields.get("email")),
        ("status", profile_status(one, settings)),
        ("created_at", in_element(one.created_at)),
        ("updated_at", in_element(one.updated_at)),
        ("opted_out_at", in_element(one.opted_out_at)),
        ("opted_out_source", one.opted_out_source),
    ):
        _leaf(element, name, text)
    element.append(_source(one.source))
    address = etree.SubElement(element, "address")
    for name in ADDRESS_FIELDS:
        _leaf(address, name, one.fields.get(name))
    for place in list(copy.deepcopy(_PLACE)):
        place.tag = place_name(place.tag, settings)
        element.append(place)
    if include.custom_columns:
        element.append(_container("custom_columns", [_column(one, name) for name in company.columns]))
    if include.subscriptions and one.subscriptions:
        children = [_subscription(subscription, settings) for subscription in one.subscriptions.values()]
        element.append(_container("subscriptions", children))
    if include.members:
        element.append(_container("integrations", _integrations(one, settings)))
    if include.clicks:
        element.append(_container("clicks", map(_click, one.clicks)))
    # Nobody here donates or has a history of texts.
    element.extend(_container(tag) for tag in ("messages", "donations") if getattr(include, tag))
    return with_novelties(element, settings)


def subscribers(
    rows: Iterable[Subscription], *, page: int, count: int | None, settings: MobileCommonsSwitches
) -> etree._Element:
    """Return one page of a campaign's subscriptions, which say no status, with the count of members if given (6.5)."""
    children = []
    for row in rows:
        sub = etree.Element("sub")
        _leaf(sub, "id", row.id)
        _leaf(sub, "profile_id", row.profile.id)
        _leaf(sub, "phone_number", row.profile.phone)
        _leaf(sub, "activated_at", in_element(row.activated_at))
        _leaf(sub, "opted_out_at", in_element(row.opted_out_at))
        children.append(with_novelties(sub, settings))
    element = _container("subscriptions", children, num=str(len(children)), page=str(page))
    if count is not None:
        _leaf(element, settings.subscriber_count_element, str(count))
    return element


def campaigns(found: Iterable[Campaign], *, include_paths: bool, settings: MobileCommonsSwitches) -> etree._Element:
    """Return campaigns, with their opt-in paths on request (6.1)."""
    children = []
    for one in found:
        campaign = etree.Element("campaign", id=one.id, active=str(one.active).lower())
        _leaf(campaign, "name", one.name)
        _leaf(campaign, "description", one.description)
        campaign.append(_tags(one.tags))
        if include_paths:
            campaign.append(_container("opt_in_paths", map(_path, one.paths)))
        children.append(with_novelties(campaign, settings))
    return _container("campaigns", children)


def _path(one: OptInPath) -> etree._Element:
    element = etree.Element("opt_in_path", id=one.id, active=str(one.active).lower())
    _leaf(element, "name", one.name)
    element.append(_tags(()))
    return element


def _tags(texts: Sequence[str]) -> etree._Element:
    children = [etree.Element("tag") for _ in texts]
    for child, text in zip(children, texts, strict=True):
        child.text = _clean(text)
    return _container("tags", children)


def _source(source: Source) -> etree._Element:
    attributes = {"type": source.type, "name": _clean(source.name)}
    if source.type == "Keyword":
        attributes |= {"id": source.id, "opt_in_path_id": "", "message_id": source.message_id}
    if source.email:
        attributes["email"] = _clean(source.email)
    return etree.Element("source", attributes)


def _column(one: Profile, name: str) -> etree._Element:
    element = etree.Element("custom_column", name=_clean(name))
    value = one.columns.get(name)
    if value is not None:
        element.set("created_at", in_attribute(value.created_at))
        element.set("updated_at", in_attribute(value.updated_at))
        before, behind = _PADDING
        element.text = f"{before}{_clean(value.text)}{behind}"
    return element


def _subscription(one: Subscription, settings: MobileCommonsSwitches) -> etree._Element:
    return etree.Element(
        "subscription",
        campaign_id=one.campaign.id,
        campaign_name=f"{_clean(one.campaign.name)} ",  # the blank is the service's (3.1, rule 4)
        campaign_description=_clean(one.campaign.description),
        opt_in_path_id=one.opt_in_path_id,
        status=subscription_status(one, settings),
        opt_in_source=_clean(one.opt_in_source),
        created_at=in_attribute(one.created_at),
        activated_at=in_attribute(one.activated_at),
        opted_out_at=in_attribute(one.opted_out_at),
        opt_out_source=one.opt_out_source,
    )


def _click(one: Click) -> etree._Element:
    element = etree.Element("click", id=one.id)
    _leaf(element, "created_at", in_element(one.created_at))
    _leaf(element, "url", one.url)
    for name, text in _BROWSER:
        _leaf(element, name, text)
    return element


def _integrations(one: Profile, settings: MobileCommonsSwitches) -> list[etree._Element]:
    records: list[tuple[str, str, str]] = []
    if one.constituent_id is not None:
        synchronized_at = in_attribute(one.updated_at) if settings.integration_synchronized else ""
        stored = constituent_id(_clean(one.constituent_id), settings)
        records.append((settings.integration_type, stored, synchronized_at))
    if settings.other_integration:
        records.append(("Salesforce", "", ""))
    return [
        etree.Element("integration", constituent_id=identity, type=kind, synchronized_at=synchronized_at)
        for kind, identity, synchronized_at in records
    ]


def _container(tag: str, children: Iterable[etree._Element] = (), **attributes: str) -> etree._Element:
    element = etree.Element(tag, attributes)
    element.extend(children)
    if not len(element):
        element.text = _EMPTY
    return element


def _leaf(parent: etree._Element, tag: str, text: str | None) -> None:
    etree.SubElement(parent, tag).text = _clean(text) if text else None


def _clean(text: str) -> str:
    """Leave out the control characters that XML cannot carry."""
    if text.isprintable():
        return text
    return "".join(letter for letter in text if letter in "\t\n\r" or (letter >= " " and letter not in "\ufffe\uffff"))


def _document(response: etree._Element) -> bytes:
    return DECLARATION + etree.tostring(response, encoding="UTF-8", xml_declaration=False, pretty_print=True)
