"""A default account on both sides with invented people in it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from anmc_simulators.action_network.person import SUBSCRIBED, UNSUBSCRIBED, Address
from anmc_simulators.action_network.state import TICKED, UNTICKED, Group
from anmc_simulators.invented import Box, Invented, Membership, invent
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.records import BY_STOP_WORD, OptInPath, Source, User
from anmc_simulators.simulation import Simulation

MAX_PEOPLE: Final = 200_000
"""Invented people of one process: that many were measured at 17 s and 330 MiB, on one slow core."""

SHOWN_PER_KIND: Final = 25
"""People of each kind that the summary names, for a demo to act as; all of them would be the whole seed."""

COMPANY_KEY: Final = "CO0123456789ABCDEF0123456789ABCDEF"
LOGIN: Final = "sync@example.org"
PASSWORD: Final = "invented-password"  # noqa: S105  of an invented account
TOKEN: Final = "invented-mobile-commons-token"  # noqa: S105  the same
GROUP_KEY: Final = "invented-action-network-key"
OPT_IN_FIELD: Final = "sms_opt_in"
ID_COLUMN: Final = "constituent_id"

_BOXES: Final[Mapping[Box, Mapping[str, str]]] = {
    Box.TICKED: {OPT_IN_FIELD: TICKED},
    Box.UNTICKED: {OPT_IN_FIELD: UNTICKED},
    Box.ABSENT: {},
}


@dataclass(frozen=True, slots=True)
class _Accounts:
    company: Company
    path: OptInPath
    group: Group


def seed(simulation: Simulation, *, people: int, number: int) -> dict[str, Any]:
    """Invent people on both sides; returns credentials, ids, and who is what kind of case, JSON-ready.

    The records are older than anything that follows: filters see them at once. Numbers that somebody has
    already are passed over.

    Raises:
        ValueError: more people than one process may hold.
    """
    if simulation.invented + people > MAX_PEOPLE:
        raise ValueError(f"people: {simulation.invented} are there already, the most is {MAX_PEOPLE}")
    accounts = _accounts(simulation)
    kinds: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    counts: defaultdict[str, int] = defaultdict(int)
    source = invent(seed=number, start=simulation.invented)
    while people:
        invented = next(source)
        simulation.invented += 1
        if accounts.group.with_phone(invented.phone) or invented.phone in accounts.company.profiles:
            continue
        _store(simulation, accounts, invented)
        people -= 1
        counts[invented.kind.name] += 1
        if counts[invented.kind.name] <= SHOWN_PER_KIND:
            kinds[invented.kind.name].append(_shown(invented))
    return {
        "mobile_commons": {
            "company": COMPANY_KEY,
            "username": LOGIN,
            "password": PASSWORD,
            "token": TOKEN,
            "campaign_id": accounts.path.campaign_id,
            "opt_in_path_id": accounts.path.id,
            "constituent_id_column": ID_COLUMN,
            "profiles": len(accounts.company.profiles),
        },
        "action_network": {"key": GROUP_KEY, "opt_in_field": OPT_IN_FIELD, "people": len(accounts.group)},
        "kinds": {name: {"count": counts[name], "people": kinds[name]} for name in sorted(counts)},
    }


def _accounts(simulation: Simulation) -> _Accounts:
    service = simulation.mobile_commons
    company = service.companies.get(COMPANY_KEY)
    if company is None:
        company = service.create_company(key=COMPANY_KEY, columns=[ID_COLUMN])
        company.add_path(company.add_campaign("General"), "Action Network", welcome_text="Welcome to our texts!")
        user = User(LOGIN, (COMPANY_KEY,), "AN Sync", LOGIN, password=PASSWORD, tokens=frozenset({TOKEN}))
        service.put_user(user)
    group = simulation.action_network.add_group(GROUP_KEY, custom_fields=[OPT_IN_FIELD])
    return _Accounts(company, next(iter(company.paths.values())), group)


def _store(simulation: Simulation, accounts: _Accounts, invented: Invented) -> None:
    if invented.kind.membership is not Membership.NO_PROFILE:
        _store_profile(simulation, accounts, invented)
    if invented.kind.box is not Box.NO_PERSON:
        _store_person(simulation, accounts.group, invented)


def _store_person(simulation: Simulation, group: Group, invented: Invented) -> None:
    created = simulation.clock.now() - timedelta(days=invented.days_known)
    is_member = invented.kind.membership in {Membership.ACTIVE, Membership.LINKED}
    group.put_settled(
        replace(
            group.draft(person_id=invented.id, created=created),
            given_name=invented.given_name,
            family_name=invented.family_name,
            email=invented.email,
            email_status=SUBSCRIBED,
            phone=invented.phone,
            sms_status=SUBSCRIBED if is_member else UNSUBSCRIBED,
            address=Address(postal_code=invented.postal_code),
            custom_fields=_BOXES[invented.kind.box],
        )
    )


def _store_profile(simulation: Simulation, accounts: _Accounts, invented: Invented) -> None:
    company, campaign = accounts.company, accounts.company.campaigns[accounts.path.campaign_id]
    joined = simulation.clock.now() - timedelta(days=invented.days_known)
    values = {
        "first_name": invented.given_name,
        "last_name": invented.family_name,
        "email": invented.email,
        "postal_code": invented.postal_code,
        ID_COLUMN: invented.id if invented.kind.membership is Membership.LINKED else "",
    }
    profile = company.add_profile(
        invented.phone,
        source=Source("Keyword", campaign.keyword),
        values={name: text for name, text in values.items() if text},
        at=joined,
    )
    company.subscribe(profile, campaign, source=campaign.keyword, at=joined)
    if invented.kind.membership is Membership.OPTED_OUT:
        company.leave_everything(profile, source=BY_STOP_WORD, at=joined + timedelta(days=7))


def _shown(invented: Invented) -> dict[str, str]:
    place = {} if invented.kind.box is Box.NO_PERSON else {"person_id": invented.id}
    contacts = {"email": invented.email, "phone": invented.phone}
    name = f"{invented.given_name} {invented.family_name}"
    return {"name": name, **{key: value for key, value in contacts.items() if value}, **place}
