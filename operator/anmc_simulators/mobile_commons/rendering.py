"""Answers as XML, with the quirks that the service has on record (mobile-commons-api.md 3, 7, 12).

Written as text: a page of 1,000 profiles has 45,000 elements, and a tree of them takes ten times as long.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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
    NOBODY_KNOWS,
    constituent_id,
    place_name,
    profile_status,
    subscription_status,
)

DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'

_PADDING: Final = "\n", "        "
"""What stands before and behind the text of a custom column (3.1, rule 2)."""

_LOCATION: Final = (
    "<latitude>38.9</latitude>\n<longitude>-77.0</longitude>\n<precision>place</precision>\n<city>Washington</city>\n"
    "<state>DC</state>\n<postal_code>20001</postal_code>\n<country>US</country>"
)
_DISTRICTS: Final = (
    "<congressional_district>DC-</congressional_district>\n<state_upper_district>DC-</state_upper_district>\n"
    "<state_lower_district>DC-</state_lower_district>\n<split_district>No</split_district>"
)
"""A location guessed for everybody alike, which is not the person's address (7)."""

_BROWSER: Final = (
    "<remote_addr>192.0.2.7</remote_addr>\n<http_referer/>\n"
    "<user_agent>Mozilla/5.0 (invented; nobody's phone)</user_agent>"
)
"""Whose click it was, which is nobody's: the address is one that is set aside for examples."""

_KEPT_SOURCES: Final = 64
"""Most profiles came by one of few keywords or logins."""

_SPECIAL: Final = re.compile('[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
"""What XML can carry if it is written like this, in text and in attributes; other special letters it cannot carry."""


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


def success(payload: str) -> bytes:
    """Return an answer with its one payload element."""
    return _document(_container("response", [payload], success="true"))


def failure(identity: int, message: str) -> bytes:
    """Return an application error, which travels with HTTP 200 (2)."""
    return _document(_container("response", [_empty("error", id=str(identity), message=message)], success="false"))


def profiles(company: Company, found: Iterable[Profile], *, page: int, include: Include) -> str:
    """Return one page of profiles; `num` is the size of this page, not of all (4)."""
    children = [profile(company, one, include=include) for one in found]
    return _container("profiles", children, num=str(len(children)), page=str(page))


def profile(company: Company, one: Profile, *, include: Include = EVERYTHING) -> str:
    """Return a full profile element, its children in the recorded order (7)."""
    settings = company.settings
    children = [
        _leaf("first_name", one.fields.get("first_name")),
        _leaf("last_name", one.fields.get("last_name")),
        _leaf("phone_number", one.phone),
        _leaf("email", one.fields.get("email")),
        _leaf("status", profile_status(one, settings)),
        _leaf("created_at", in_element(one.created_at)),
        _leaf("updated_at", in_element(one.updated_at)),
        _leaf("opted_out_at", in_element(one.opted_out_at)),
        _leaf("opted_out_source", one.opted_out_source),
        _source(one.source),
        _container("address", [_leaf(name, one.fields.get(name)) for name in ADDRESS_FIELDS]),
        _container(place_name("last_saved_location", settings), [_LOCATION]),
        _container(place_name("last_saved_districts", settings), [_DISTRICTS]),
    ]
    if include.custom_columns:
        children.append(_container("custom_columns", [_column(one, name) for name in company.columns]))
    if include.subscriptions and one.subscriptions:
        rows = (_subscription(subscription, settings) for subscription in one.subscriptions.values())
        children.append(_container("subscriptions", rows))
    if include.members:
        children.append(_container("integrations", _integrations(one, settings)))
    if include.clicks:
        children.append(_container("clicks", map(_click, one.clicks)))
    # Nobody here donates or has a history of texts.
    children.extend(_container(tag) for tag in ("messages", "donations") if getattr(include, tag))
    return _record("profile", children, settings, id=one.id)


def subscribers(rows: Iterable[Subscription], *, page: int, count: int | None, settings: MobileCommonsSwitches) -> str:
    """Return one page of a campaign's subscriptions, which say no status, with the count of members if given (6.5)."""
    children = [
        _record(
            "sub",
            [
                _leaf("id", row.id),
                _leaf("profile_id", row.profile.id),
                _leaf("phone_number", row.profile.phone),
                _leaf("activated_at", in_element(row.activated_at)),
                _leaf("opted_out_at", in_element(row.opted_out_at)),
            ],
            settings,
        )
        for row in rows
    ]
    number = str(len(children))
    if count is not None:
        children.append(_leaf(settings.subscriber_count_element, str(count)))
    return _container("subscriptions", children, num=number, page=str(page))


def campaigns(found: Iterable[Campaign], *, include_paths: bool, settings: MobileCommonsSwitches) -> str:
    """Return campaigns, with their opt-in paths on request (6.1)."""
    children = []
    for one in found:
        parts = [_leaf("name", one.name), _leaf("description", one.description), _tags(one.tags)]
        if include_paths:
            parts.append(_container("opt_in_paths", map(_path, one.paths)))
        children.append(_record("campaign", parts, settings, id=one.id, active=str(one.active).lower()))
    return _container("campaigns", children)


def _path(one: OptInPath) -> str:
    return _container("opt_in_path", [_leaf("name", one.name), _tags(())], id=one.id, active=str(one.active).lower())


def _tags(texts: Sequence[str]) -> str:
    return _container("tags", [_leaf("tag", text) for text in texts])


@functools.lru_cache(maxsize=_KEPT_SOURCES)
def _source(source: Source) -> str:
    attributes = {"type": source.type, "name": source.name}
    if source.type == "Keyword":
        attributes |= {"id": source.id, "opt_in_path_id": "", "message_id": source.message_id}
    if source.email:
        attributes["email"] = source.email
    return _empty("source", **attributes)


def _column(one: Profile, name: str) -> str:
    value = one.columns.get(name)
    if value is None:
        return _empty("custom_column", name=name)
    dates = _attributes(
        {"name": name, "created_at": in_attribute(value.created_at), "updated_at": in_attribute(value.updated_at)}
    )
    before, behind = _PADDING
    return f"<custom_column{dates}>{before}{_escaped(value.text)}{behind}</custom_column>"


def _subscription(one: Subscription, settings: MobileCommonsSwitches) -> str:
    # One string: there is one for each profile. Ids, times and the words of the service need no escapes.
    return (
        f'<subscription campaign_id="{one.campaign.id}"'
        f' campaign_name="{_escaped(one.campaign.name)} "'  # the blank is the service's (3.1, rule 4)
        f' campaign_description="{_escaped(one.campaign.description)}" opt_in_path_id="{one.opt_in_path_id}"'
        f' status="{_escaped(subscription_status(one, settings))}" opt_in_source="{_escaped(one.opt_in_source)}"'
        f' created_at="{in_attribute(one.created_at)}" activated_at="{in_attribute(one.activated_at)}"'
        f' opted_out_at="{in_attribute(one.opted_out_at)}" opt_out_source="{_escaped(one.opt_out_source)}"/>'
    )


def _click(one: Click) -> str:
    children = [_leaf("created_at", in_element(one.created_at)), _leaf("url", one.url), _BROWSER]
    return _container("click", children, id=one.id)


def _integrations(one: Profile, settings: MobileCommonsSwitches) -> list[str]:
    records: list[tuple[str, str, str]] = []
    if one.constituent_id is not None:
        synchronized_at = in_attribute(one.updated_at) if settings.integration_synchronized else ""
        records.append((settings.integration_type, constituent_id(one.constituent_id, settings), synchronized_at))
    if settings.other_integration:
        records.append(("Salesforce", "", ""))
    return [
        _empty("integration", constituent_id=identity, type=kind, synchronized_at=synchronized_at)
        for kind, identity, synchronized_at in records
    ]


def _record(tag: str, children: Iterable[str], settings: MobileCommonsSwitches, **attributes: str) -> str:
    """Return a container with what a later version of the service may add to it."""
    if settings.unknown_element:
        children = [*children, _leaf("novelty", NOBODY_KNOWS)]
    if settings.unknown_attribute:
        attributes["novelty"] = NOBODY_KNOWS
    return _container(tag, children, **attributes)


def _container(tag: str, children: Iterable[str] = (), **attributes: str) -> str:
    """Return an element with its children; one without any holds white space, never nothing (3.1, rule 3)."""
    opened, inside = f"<{tag}{_attributes(attributes)}>", "\n".join(children)
    return f"{opened}\n{inside}\n</{tag}>" if inside else f"{opened}\n</{tag}>"


def _empty(tag: str, **attributes: str) -> str:
    return f"<{tag}{_attributes(attributes)}/>"


def _leaf(tag: str, text: str | None) -> str:
    return f"<{tag}>{_escaped(text)}</{tag}>" if text else f"<{tag}/>"


def _attributes(values: Mapping[str, str]) -> str:
    return "".join([f' {name}="{_escaped(value)}"' for name, value in values.items()])


def _escaped(text: str) -> str:
    # Hardly any value has a special letter.
    return text if _SPECIAL.search(text) is None else _SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], "")


def _document(response: str) -> bytes:
    return DECLARATION + response.encode() + b"\n"
