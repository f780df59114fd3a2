"""Answers as XML, with the quirks that the service has on record (mobile-commons-api.md 3, 7, 12).

Written as text: a page of 1,000 profiles has 45,000 elements, and a tree of them takes ten times as long.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.records import (
    ADDRESS_FIELDS,
    Campaign,
    OptInPath,
    Profile,
    Source,
    Subscription,
)
from anmc_simulators.mobile_commons.times import in_attribute, in_element

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>'

_PADDING: Final = "\n", "        "
"""What stands before and behind the text of a custom column (3.1, rule 2)."""

_PLACE: Final = (
    "<last_saved_location>\n<latitude>38.9</latitude>\n<longitude>-77.0</longitude>\n<precision>place</precision>\n"
    "<city>Washington</city>\n<state>DC</state>\n<postal_code>20001</postal_code>\n<country>US</country>\n"
    "</last_saved_location>\n<last_saved_districts>\n<congressional_district>DC-</congressional_district>\n"
    "<state_upper_district>DC-</state_upper_district>\n<state_lower_district>DC-</state_lower_district>\n"
    "<split_district>No</split_district>\n</last_saved_districts>"
)
"""A location guessed for everybody alike, which is not the person's address (7)."""

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
    """Which parts of a profile an answer has; each vanishes with its flag (6.6)."""

    custom_columns: bool = True
    subscriptions: bool = True
    clicks: bool = True
    members: bool = True


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
    children = [
        _leaf("first_name", one.fields.get("first_name")),
        _leaf("last_name", one.fields.get("last_name")),
        _leaf("phone_number", one.phone),
        _leaf("email", one.fields.get("email")),
        _leaf("status", one.status),
        _leaf("created_at", in_element(one.created_at)),
        _leaf("updated_at", in_element(one.updated_at)),
        _leaf("opted_out_at", in_element(one.opted_out_at)),
        _leaf("opted_out_source", one.opted_out_source),
        _source(one.source),
        _container("address", [_leaf(name, one.fields.get(name)) for name in ADDRESS_FIELDS]),
        _PLACE,
    ]
    if include.custom_columns:
        children.append(_container("custom_columns", [_column(one, name) for name in company.columns]))
    if include.subscriptions and one.subscriptions:
        children.append(_container("subscriptions", map(_subscription, one.subscriptions.values())))
    if include.members:
        children.append(_container("integrations", _integrations(one)))
    if include.clicks:
        children.append(_container("clicks"))
    return _container("profile", children, id=one.id)


def subscribers(rows: Iterable[Subscription], *, page: int) -> str:
    """Return one page of a campaign's subscriptions, which say no status (6.5)."""
    children = [
        _container(
            "sub",
            [
                _leaf("id", row.id),
                _leaf("profile_id", row.profile.id),
                _leaf("phone_number", row.profile.phone),
                _leaf("activated_at", in_element(row.activated_at)),
                _leaf("opted_out_at", in_element(row.opted_out_at)),
            ],
        )
        for row in rows
    ]
    return _container("subscriptions", children, num=str(len(children)), page=str(page))


def campaigns(found: Iterable[Campaign], *, include_paths: bool) -> str:
    """Return campaigns, with their opt-in paths on request (6.1)."""
    children = []
    for one in found:
        name, tags = _named(one)
        paths = [_container("opt_in_paths", map(_path, one.paths))] if include_paths else []
        children.append(_entrance("campaign", one, [name, "<description/>", tags, *paths]))
    return _container("campaigns", children)


def _path(one: OptInPath) -> str:
    return _entrance("opt_in_path", one, _named(one))


def _entrance(tag: str, one: Campaign | OptInPath, children: Iterable[str]) -> str:
    return _container(tag, children, id=one.id, active=str(one.active).lower())


def _named(one: Campaign | OptInPath) -> tuple[str, str]:
    return _leaf("name", one.name), _container("tags")


def _source(source: Source) -> str:
    if source.email:
        return _empty("source", type=source.type, name=source.name, email=source.email)
    return _empty("source", type=source.type, name=source.name)


def _column(one: Profile, name: str) -> str:
    value = one.columns.get(name)
    if value is None:
        return _empty("custom_column", name=name)
    dates = _attributes(
        {"name": name, "created_at": in_attribute(value.created_at), "updated_at": in_attribute(value.updated_at)}
    )
    before, behind = _PADDING
    return f"<custom_column{dates}>{before}{_escaped(value.text)}{behind}</custom_column>"


def _subscription(one: Subscription) -> str:
    return _empty(
        "subscription",
        campaign_id=one.campaign.id,
        campaign_name=f"{one.campaign.name} ",  # the blank is the service's (3.1, rule 4)
        campaign_description="",
        opt_in_path_id=one.opt_in_path_id,
        status=one.status,
        opt_in_source=one.opt_in_source,
        created_at=in_attribute(one.created_at),
        activated_at=in_attribute(one.activated_at),
        opted_out_at=in_attribute(one.opted_out_at),
        opt_out_source=one.opt_out_source,
    )


def _integrations(one: Profile) -> list[str]:
    if one.constituent_id is None:
        return []
    # The text of `type` for Action Network is a guess (U7).
    return [_empty("integration", constituent_id=one.constituent_id, type="ActionNetwork", synchronized_at="")]


def _container(tag: str, children: Iterable[str] = (), **attributes: str) -> str:
    """Return an element with its children; one without any holds white space, never nothing (3.1, rule 3)."""
    lines = "".join(f"{child}\n" for child in children)
    return f"<{tag}{_attributes(attributes)}>\n{lines}</{tag}>"


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
    return f"{DECLARATION}\n{response}\n".encode()
