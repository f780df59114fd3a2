"""What the service makes of the text of a `filter`, where that is unknown (action-network-api.md 5, 14, 15)."""

from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from anmc_simulators.action_network.filters import Clause, Filter, UnsupportedFilter, parse
from anmc_simulators.action_network.person import Field
from anmc_simulators.action_network.switches import ActionNetworkSwitches, BadFilter, EmailCase, PhoneFilter
from anmc_simulators.action_network.writes import Invalid, normalised


def understood(text: str, settings: ActionNetworkSwitches) -> Filter:
    """Return the filter that a text is to the service.

    Raises:
        UnsupportedFilter: it is none, and the settings answer that with a 500.
        Invalid: the same with a 400.
    """
    if not text:
        return ()
    try:
        return _supported(text, settings)
    except UnsupportedFilter:
        match settings.unsupported_filter:
            case BadFilter.HTML_500:
                raise
            case BadFilter.JSON_400:
                raise Invalid("filter is not supported") from None
            case BadFilter.IGNORED:
                return ()
            case _:
                assert_never(settings.unsupported_filter)


def _supported(text: str, settings: ActionNetworkSwitches) -> Filter:
    wanted = parse(text, bare_date_offset=timedelta(hours=settings.bare_date_offset_hours))
    if len(wanted) > 1 and not settings.filter_conjunction:
        raise UnsupportedFilter
    return tuple(_as_stored(clause, settings) for clause in wanted)


def _as_stored(clause: Clause, settings: ActionNetworkSwitches) -> Clause:
    text = str(clause.value)
    if clause.field is Field.EMAIL_ADDRESS and settings.email_case is EmailCase.ANY_CASE:
        return replace(clause, value=text.lower())
    if clause.field is Field.PHONE_NUMBER and settings.phone_filter is not PhoneFilter.STORED_FORM:
        stored = normalised(text)
        if stored != text and settings.phone_filter is PhoneFilter.OTHERS_REFUSED:
            raise UnsupportedFilter
        return replace(clause, value=stored)
    return clause
