"""Mobile Commons as a whole: companies, logins, what people do with their phones."""

import uuid
from collections.abc import Iterable, Mapping

from anmc_simulators.between_pages import BetweenPages
from anmc_simulators.clock import Clock
from anmc_simulators.faults import Faults
from anmc_simulators.journal import Journal
from anmc_simulators.mobile_commons.company import Company, Numbering
from anmc_simulators.mobile_commons.phone import normalised
from anmc_simulators.mobile_commons.records import BY_STOP_WORD, Profile, Source, User
from anmc_simulators.mobile_commons.refusal import Refused
from anmc_simulators.mobile_commons.switches import MobileCommonsSwitches, UnknownCompany
from anmc_simulators.switches import Switchboard


class MobileCommons:
    """The service: its companies by key, its users by login."""

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        *,
        faults: Faults | None = None,
        settings: MobileCommonsSwitches | None = None,
    ) -> None:
        self.clock = clock
        self.journal = journal
        self.faults = faults or Faults()
        self.switches = Switchboard(settings or MobileCommonsSwitches())
        self.between_pages = BetweenPages()
        self.companies: dict[str, Company] = {}
        self.users: dict[str, User] = {}
        self._numbering = Numbering()

    def create_company(
        self, name: str = "Example Company", *, key: str | None = None, columns: Iterable[str] = ()
    ) -> Company:
        """Create a company; a key that is left out is invented in the service's form.

        Raises:
            ValueError: the key is in use.
        """
        key = key or f"CO{uuid.uuid4().hex.upper()}"
        if key in self.companies:
            raise ValueError("the company key is in use")
        company = Company(
            key=key,
            name=name,
            clock=self.clock,
            journal=self.journal,
            numbering=self._numbering,
            switches=self.switches,
        )
        company.add_columns(columns)
        self.companies[key] = company
        return company

    def put_user(self, user: User) -> None:
        """Create a user, or replace the one with the same login; what it does not carry over is revoked.

        Raises:
            ValueError: a company does not exist, or a token belongs to somebody else.
        """
        if not user.companies or not self.companies.keys() >= set(user.companies):
            raise ValueError("a user needs at least one company, and each must exist")
        if any(user.tokens & other.tokens for other in self.users.values() if other.login != user.login):
            raise ValueError("a token belongs to another user")
        self.users[user.login] = user

    def user_by_password(self, login: str, password: str) -> User | None:
        """Return who logs in, if the password is right."""
        user = self.users.get(login)
        return user if user and user.password == password else None

    def user_by_token(self, token: str) -> User | None:
        """Return whose bearer token this is."""
        return next((user for user in self.users.values() if token in user.tokens), None)

    def company_for(self, user: User, key: str | None) -> Company:
        """Return the company that a request is about.

        A key that the user cannot see leads to the user's own company, if `check_company` lets it.
        """
        return self.companies[key if key in user.companies else user.companies[0]]

    def check_company(self, user: User, key: str | None) -> None:
        """Refuse a key that the user cannot see, if the service does; whether it does is unknown (U21).

        Raises:
            Refused: the user cannot see it.
        """
        settings = self.switches.settings
        if key and key not in user.companies and settings.unknown_company is UnknownCompany.REFUSED:
            raise Refused(settings.other_error_id, "Invalid company")

    def text_keyword(self, company: Company, phone: str, campaign_id: str) -> Profile:
        """Join a campaign by phone, confirm a double opt-in, or come back after STOP.

        The reply to it is not journalled as a text: the journal's texts are those that somebody else caused.

        Raises:
            ValueError: the number or the campaign is none.
        """
        campaign = company.campaigns.get(campaign_id)
        if campaign is None:
            raise ValueError("the company has no campaign with that id")
        digits = _digits(phone)
        profile = company.profiles.get(digits)
        if profile is None:
            message_id = str(next(self._numbering.messages))
            source = Source("Keyword", campaign.keyword, id=campaign.keyword_id, message_id=message_id)
            profile = company.add_profile(digits, source=source)
        subscription = profile.subscriptions.get(campaign_id)
        if subscription is None:
            subscription = company.subscribe(profile, campaign, source=campaign.keyword)
        company.rejoin(subscription)
        return profile

    def text_stop(self, phone: str, *, company: Company | None = None) -> Profile:
        """Leave all campaigns by phone: of one company, or of all that share the code.

        Nobody knows whether STOP moves `updated_at` (U5); unless it does, who polls profiles only will miss it.

        Raises:
            ValueError: the number is none, or no company has a profile of it.
        """
        known = self._profiles(phone, company)
        for one, profile in known:
            one.stop(profile)
        return known[-1][1]

    def text_oops(self, phone: str, *, company: Company | None = None) -> Profile:
        """Take an accidental STOP back by phone, in all campaigns that it ended (8.2).

        Raises:
            ValueError: the number is none, no company has a profile of it, or STOP was not their last word.
        """
        known = self._profiles(phone, company)
        stopped = [(one, profile) for one, profile in known if profile.opted_out_source == BY_STOP_WORD]
        if not stopped:
            raise ValueError("nobody with that number left by STOP")
        for one, profile in stopped:
            one.take_stop_back(profile)
        return stopped[-1][1]

    def upload(self, company: Company, phone: str, fields: Mapping[str, str]) -> Profile:
        """Create or change a profile by upload, which subscribes nobody.

        Raises:
            ValueError: the number is none, or a name is neither a field nor a custom column.
        """
        digits = _digits(phone)
        _check_names(company, fields)
        profile = company.profiles.get(digits)
        if profile is None:
            return company.add_profile(digits, source=Source("Unknown"), values=fields)
        company.write(profile, fields)
        return profile

    def clean(self, company: Company, phone: str) -> Profile:
        """Let profile cleaning find that a number is out of service (U13).

        Raises:
            ValueError: the number has no profile.
        """
        ((_, profile),) = self._profiles(phone, company)
        company.clean(profile)
        return profile

    def edit_profile(self, phone: str, fields: Mapping[str, str], *, company: Company | None = None) -> Profile:
        """Change fields and custom columns by hand; an empty value clears.

        Raises:
            ValueError: the number has no profile, or a name is neither a field nor a custom column.
        """
        one, profile = self._profiles(phone, company)[0]
        _check_names(one, fields)
        one.write(profile, fields)
        return profile

    def _profiles(self, phone: str, company: Company | None) -> list[tuple[Company, Profile]]:
        digits = _digits(phone)
        companies = [company] if company else self.companies.values()
        found = [(one, profile) for one in companies if (profile := one.profiles.get(digits))]
        if not found:
            raise ValueError("no profile has that number")
        return found


def _check_names(company: Company, fields: Mapping[str, str]) -> None:
    if unknown := company.unknown_names(fields):
        raise ValueError(f"the company has no field or custom column {min(unknown)!r}")


def _digits(phone: str) -> str:
    digits = normalised(phone)
    if digits is None:
        raise ValueError("phone: not a number")
    return digits
