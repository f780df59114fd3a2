"""Records of Mobile Commons out of its XML, quirks included (mobile-commons-api.md 3, 7)."""

import re
from typing import Final

from lxml import etree

from anmc.clients.failures import Unreadable
from anmc.clients.mobile_commons.xml import text_of
from anmc.clients.times import read_time
from anmc.rules.records import (
    CUSTOM_COLUMN,
    Campaign,
    PersonId,
    Profile,
    ProfileId,
    SubscriberRow,
    Subscription,
)

_NAMES: Final = ("first_name", "last_name", "email")
_ADDRESS_PARTS: Final = ("street1", "street2", "city", "state", "postal_code", "country")

STANDARD_FIELDS: Final = frozenset((*_NAMES, *_ADDRESS_PARTS))
"""Fields that every profile has, by the names under which they are read and written."""

INTEGRATION_TYPE: Final = "actionnetwork"
"""The vendor's own Action Network sync among a profile's integrations, letters only (contract 10)."""

_ID: Final = re.compile(r"[0-9]{1,20}")

_ID_PREFIX: Final = "action_network:"


def to_profile(element: etree._Element) -> Profile:
    """Convert a `<profile>`.

    Containers may be absent, which reads as empty: a profile that was never subscribed has no
    `<subscriptions>` (contract 3.1, rule 6).

    Raises:
        Unreadable: it has no id or no number, or a subscription without its campaign.
    """
    integrations = [
        item for item in element.iterfind("integrations/integration") if _letters(item.get("type")) == INTEGRATION_TYPE
    ]
    return Profile(
        id=_profile_id(element.get("id")),
        number=_required(text_of(element, "phone_number")),
        status=text_of(element, "status") or None,
        updated_at=read_time(text_of(element, "updated_at")),
        opted_out_at=read_time(text_of(element, "opted_out_at")),
        values=_values(element),
        subscriptions=tuple(_to_subscription(item) for item in element.iterfind("subscriptions/subscription")),
        constituent_ids=tuple(
            PersonId(text)
            for item in integrations
            if (text := item.get("constituent_id", "").strip().lower().removeprefix(_ID_PREFIX))
        ),
        synchronized_at=max(
            (time for item in integrations if (time := read_time(item.get("synchronized_at"))) is not None),
            default=None,
        ),
    )


def to_subscriber_row(element: etree._Element) -> SubscriberRow:
    """Convert a `<sub>` of a campaign (contract 6.5).

    Raises:
        Unreadable: it does not say whose it is.
    """
    return SubscriberRow(
        profile_id=_profile_id(text_of(element, "profile_id")),
        number=_required(text_of(element, "phone_number")),
        activated_at=read_time(text_of(element, "activated_at")),
        opted_out_at=read_time(text_of(element, "opted_out_at")),
    )


def to_campaign(element: etree._Element) -> Campaign:
    """Convert a `<campaign>` with its opt-in paths (contract 6.1).

    Raises:
        Unreadable: it has no id.
    """
    paths = (path.get("id", "").strip() for path in element.iterfind("opt_in_paths/opt_in_path"))
    return Campaign(
        id=_required(element.get("id")),
        is_active=element.get("active", "").strip() == "true",
        opt_in_paths=frozenset(path for path in paths if path),
    )


def _to_subscription(element: etree._Element) -> Subscription:
    return Subscription(
        campaign_id=_required(element.get("campaign_id")),
        status=element.get("status", "").strip(),
        opt_in_path_id=element.get("opt_in_path_id", "").strip() or None,
        activated_at=read_time(element.get("activated_at")),
        opted_out_at=read_time(element.get("opted_out_at")),
    )


def _values(element: etree._Element) -> dict[str, str]:
    """Return texts by field name; empty elements as empty text, absent ones absent."""
    address = element.find("address")
    read = {name: text_of(element, name) for name in _NAMES}
    if address is not None:
        read |= {name: text_of(address, name) for name in _ADDRESS_PARTS}
    for column in element.iterfind("custom_columns/custom_column"):
        # The text is padded with newlines and blanks (contract 3.1, rule 2).
        read[f"{CUSTOM_COLUMN}{column.get('name', '')}"] = (column.text or "").strip()
    return {name: text for name, text in read.items() if text is not None}


def id_of_profile(element: etree._Element) -> ProfileId | None:
    """Return the id of a `<profile>` that may be no profile otherwise."""
    return _decimal(element.get("id"))


def id_of_row(element: etree._Element) -> ProfileId | None:
    """Return the profile of a `<sub>` that may be no row otherwise."""
    return _decimal(text_of(element, "profile_id"))


def _profile_id(text: str | None) -> ProfileId:
    profile_id = _decimal(text)
    if profile_id is None:
        raise Unreadable
    return profile_id


def _decimal(text: str | None) -> ProfileId | None:
    """Read an id of a profile, which is a decimal string (contract 3.1, rule 7)."""
    stripped = (text or "").strip()
    return ProfileId(stripped) if _ID.fullmatch(stripped) else None


def _required(text: str | None) -> str:
    stripped = (text or "").strip()
    if not stripped:
        raise Unreadable
    return stripped


def _letters(text: str | None) -> str:
    return "".join(character for character in (text or "").lower() if character.isalpha())
