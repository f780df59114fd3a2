"""A default account on both sides with invented people in it."""

from dataclasses import dataclass
from typing import Any, Final

from anmc_simulators.action_network.state import Group
from anmc_simulators.census import Census, Cohort, take_census
from anmc_simulators.invented import KINDS, Box, Invented, Inventor, place_of_email, place_of_phone
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.listing import CHANGED
from anmc_simulators.mobile_commons.memberships import ACTIVATED
from anmc_simulators.mobile_commons.records import Campaign, OptInPath, User
from anmc_simulators.seeded_people import InventedPeople
from anmc_simulators.seeded_profiles import InventedProfiles, InventedSubscriptions
from anmc_simulators.simulation import Simulation

MAX_PEOPLE: Final = 1_000_000
"""Invented people of one process: that many were measured at 4 to 9 s and 175 MiB, on half a slow core."""

SHOWN_PER_KIND: Final = 25
"""People of each kind that the summary names, for a demo to act as; all of them would be the whole seed."""

COMPANY_KEY: Final = "CO0123456789ABCDEF0123456789ABCDEF"
LOGIN: Final = "sync@example.org"
PASSWORD: Final = "invented-password"  # noqa: S105  of an invented account
TOKEN: Final = "invented-mobile-commons-token"  # noqa: S105  the same
GROUP_KEY: Final = "invented-action-network-key"
OPT_IN_FIELD: Final = "sms_opt_in"
ID_COLUMN: Final = "constituent_id"


@dataclass(frozen=True, slots=True)
class _Accounts:
    company: Company
    path: OptInPath
    group: Group

    @property
    def campaign(self) -> Campaign:
        return self.company.campaigns[self.path.campaign_id]


def seed(simulation: Simulation, *, people: int, number: int) -> dict[str, Any]:
    """Invent people on both sides; returns credentials, ids, and who is what kind of case, JSON-ready.

    The records are older than anything that follows: filters see them at once. Numbers that somebody has
    already are passed over.

    Raises:
        ValueError: more people than one process may hold.
    """
    cohort = call_up(simulation, people=people, number=number)
    return settle(simulation, cohort, take_census(cohort))


def call_up(simulation: Simulation, *, people: int, number: int) -> Cohort:
    """Choose the places of people to invent, for a census that may be taken in a thread.

    Raises:
        ValueError: more people than one process may hold.
    """
    start = simulation.invented
    if start + people > MAX_PEOPLE:
        raise ValueError(f"people: {start} are there already, the most is {MAX_PEOPLE}")
    inventor = Inventor(seed=number, start=start)
    stop, passed_over = start + people, set()
    for place in sorted(_taken(_accounts(simulation), inventor)):
        if start <= place < stop:
            passed_over.add(place)
            stop += 1
    return Cohort(inventor, range(start, stop), frozenset(passed_over), simulation.clock.now())


def settle(simulation: Simulation, cohort: Cohort, census: Census) -> dict[str, Any]:
    """Put the people of a cohort on their lists; returns what `seed` does."""
    now = call_up(simulation, people=cohort.people, number=cohort.inventor.seed)
    if (now.places, now.passed_over) != (cohort.places, cohort.passed_over):
        # Somebody took one of the numbers while the census was taken.
        cohort, census = now, take_census(now)
    accounts = _accounts(simulation)
    company, group, campaign = accounts.company, accounts.group, accounts.campaign
    positions = group.reserve(len(cohort.places))
    group.admit(
        InventedPeople(cohort, positions, opt_in_field=OPT_IN_FIELD),
        census.people.positions(positions.start),
        by_date=census.people.by_time(positions.start),
    )
    ids, subscription_ids = company.reserve(len(cohort.places))
    profiles = InventedProfiles(cohort, campaign, ids=ids, subscription_ids=subscription_ids, id_column=ID_COLUMN)
    company.profiles.admit(profiles, census.profiles.positions(ids.start), by_time=census.profiles.by_time(ids.start))
    campaign.subscriptions.admit(
        InventedSubscriptions(profiles, campaign, ids=subscription_ids),
        census.subscriptions.positions(subscription_ids.start),
        by_date={
            CHANGED: census.subscriptions.by_time(subscription_ids.start),
            ACTIVATED: census.profiles.by_time(subscription_ids.start),
        },
        active=sum(census.counts[kind.name] for kind in set(KINDS) if kind.is_member),
    )
    simulation.invented = cohort.places.stop
    return {
        "mobile_commons": {
            "company": COMPANY_KEY,
            "username": LOGIN,
            "password": PASSWORD,
            "token": TOKEN,
            "campaign_id": campaign.id,
            "opt_in_path_id": accounts.path.id,
            "constituent_id_column": ID_COLUMN,
            "profiles": len(company.profiles),
        },
        "action_network": {"key": GROUP_KEY, "opt_in_field": OPT_IN_FIELD, "people": len(group)},
        "kinds": _kinds(cohort, census),
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


def _taken(accounts: _Accounts, inventor: Inventor) -> set[int]:
    """Return the places whose number or address somebody has who was not invented for it."""
    contacts = {*accounts.group.written_contacts(), *accounts.company.profiles.written()}
    by_email = ((place_of_email(contact), contact) for contact in contacts)
    return {
        *(place for contact in contacts if (place := place_of_phone(contact)) is not None),
        *(place for place, email in by_email if place is not None and inventor.at(place).email == email),
    }


def _kinds(cohort: Cohort, census: Census) -> dict[str, Any]:
    shown: dict[str, list[dict[str, str]]] = {name: [] for name in sorted(census.counts)}
    missing = sum(min(count, SHOWN_PER_KIND) for count in census.counts.values())
    places = (place for place in cohort.places if place not in cohort.passed_over)
    while missing:
        invented = cohort.inventor.at(next(places))
        people = shown[invented.kind.name]
        if len(people) < SHOWN_PER_KIND:
            people.append(_shown(invented))
            missing -= 1
    return {name: {"count": census.counts[name], "people": people} for name, people in shown.items()}


def _shown(invented: Invented) -> dict[str, str]:
    place = {} if invented.kind.box is Box.NO_PERSON else {"person_id": invented.id}
    contacts = {"email": invented.email, "phone": invented.phone}
    name = f"{invented.given_name} {invented.family_name}"
    return {"name": name, **{key: value for key, value in contacts.items() if value}, **place}
