"""Acting as a person, or as staff in Mobile Commons's user interface."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anmc_simulators.bodies import MAX_UPLOAD, Body, read
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.phone import normalised
from anmc_simulators.mobile_commons.records import Profile, Subscription, User
from anmc_simulators.mobile_commons.state import MobileCommons
from anmc_simulators.mobile_commons.times import in_attribute
from anmc_simulators.steps import in_steps

_PREFIX = "/mobile-commons"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]


class _PathBody(Body):
    id: Id | None = None
    name: Name = "Web"
    active: bool = True
    double_opt_in: bool = False
    welcome_text: str = "Welcome!"


class _CampaignBody(Body):
    id: Id | None = None
    name: Name = "General"
    keyword: Name = "JOIN"
    active: bool = True
    description: str = ""
    tags: tuple[Name, ...] = ()
    opt_in_paths: tuple[_PathBody, ...] = ()


class _UserBody(Body):
    login: Name
    password: Name | None = None
    tokens: tuple[Name, ...] = ()
    name: Name | None = None
    email: Name | None = None


class _CompanyBody(Body):
    key: Name | None = None
    name: Name = "Example Company"
    columns: tuple[Name, ...] = ()
    campaigns: tuple[_CampaignBody, ...] = ()
    users: tuple[_UserBody, ...] = ()


class _LoginBody(_UserBody):
    """A user with everything they have from now on; a password or token that is left out is revoked."""

    companies: Annotated[list[Name], Field(min_length=1)] | None = None


class _PhoneBody(Body):
    phone: Name
    company: Name | None = None


class _KeywordBody(_PhoneBody):
    """A text with a keyword; the campaign can be left out where there is only one."""

    campaign_id: Id | None = None


class _EditBody(_PhoneBody):
    """What staff can change; `constituent_id` is what the vendor's own data sync would have stored."""

    fields: dict[Name, str] = Field(default_factory=dict)
    constituent_id: str | None = None
    textable: bool | None = None


class _ClickBody(_PhoneBody):
    """Links that are followed; a thousand clicks make a profile as large as any on record."""

    url: Name = "https://example.org/"
    times: Annotated[int, Field(ge=1, le=1_000)] = 1


class _UploadedBody(Body):
    phone: Name
    fields: dict[Name, str] = Field(default_factory=dict)


class _UploadBody(Body):
    """Profiles to be created or changed, in the order given."""

    profiles: Annotated[list[_UploadedBody], Field(max_length=MAX_UPLOAD)]
    company: Name | None = None


class _MergeBody(Body):
    """Two profiles by their numbers, the first of which stays."""

    survivor: Name
    removed: Name
    company: Name | None = None


def routes(service: MobileCommons) -> list[Route]:
    """Return the control routes of this service, to be mounted under `/_sim`."""
    control = _Control(service)
    return [
        Route(f"{_PREFIX}/companies", control.show_companies, methods=["GET"]),
        Route(f"{_PREFIX}/companies", control.create_company, methods=["POST"]),
        Route(f"{_PREFIX}/users", control.put_user, methods=["POST"]),
        Route(f"{_PREFIX}/keyword", control.keyword, methods=["POST"]),
        Route(f"{_PREFIX}/stop", control.stop, methods=["POST"]),
        Route(f"{_PREFIX}/oops", control.oops, methods=["POST"]),
        Route(f"{_PREFIX}/profile", control.edit, methods=["POST"]),
        Route(f"{_PREFIX}/upload", control.upload, methods=["POST"]),
        Route(f"{_PREFIX}/click", control.click, methods=["POST"]),
        Route(f"{_PREFIX}/clean", control.clean, methods=["POST"]),
        Route(f"{_PREFIX}/merge", control.merge, methods=["POST"]),
        Route(f"{_PREFIX}/profiles/{{phone}}", control.show_profile, methods=["GET"]),
        Route(f"{_PREFIX}/profiles/{{phone}}", control.delete, methods=["DELETE"]),
        Route(f"{_PREFIX}/summary", control.summary, methods=["GET"]),
    ]


class _Control:
    """One method for each act; the answer shows the record as it then is."""

    def __init__(self, service: MobileCommons) -> None:
        self._service = service

    async def show_companies(self, _request: Request) -> Response:
        """Return every company with its ids, without any secret."""
        return JSONResponse({"companies": [self._shown(company) for company in self._service.companies.values()]})

    async def create_company(self, request: Request) -> Response:
        """Create a company with its users, campaigns, opt-in paths, columns; ids left out are handed out.

        What stands before a mistake in the body, such as an id that is taken, is created all the same.
        """
        body = await read(request, _CompanyBody)
        try:
            company = self._service.create_company(body.name, key=body.key, columns=body.columns)
            for wanted in body.campaigns:
                campaign = company.add_campaign(
                    wanted.name,
                    campaign_id=wanted.id,
                    keyword=wanted.keyword,
                    active=wanted.active,
                    description=wanted.description,
                    tags=wanted.tags,
                )
                for path in wanted.opt_in_paths:
                    company.add_path(
                        campaign,
                        path.name,
                        path_id=path.id,
                        active=path.active,
                        double_opt_in=path.double_opt_in,
                        welcome_text=path.welcome_text,
                    )
            for user in body.users:
                self._service.put_user(_user(user, (company.key,)))
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(self._shown(company), 201)

    async def put_user(self, request: Request) -> Response:
        """Create a user, or give an existing one another password or other tokens."""
        body = await read(request, _LoginBody)
        companies = tuple(body.companies) if body.companies else (self._company(None).key,)
        user = _user(body, companies)
        try:
            self._service.put_user(user)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse({"login": user.login, "name": user.name, "companies": list(user.companies)})

    async def keyword(self, request: Request) -> Response:
        """Text a keyword: join, confirm, or come back after STOP."""
        body = await read(request, _KeywordBody)
        company = self._company(body.company)
        if body.campaign_id is None and len(company.campaigns) != 1:
            raise HTTPException(400, f"there are {len(company.campaigns)} campaigns; name one by campaign_id")
        campaign_id = body.campaign_id or next(iter(company.campaigns))
        try:
            profile = self._service.text_keyword(company, body.phone, campaign_id)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(_profile(profile))

    async def stop(self, request: Request) -> Response:
        """Text STOP; without a company, to all of them."""
        body = await read(request, _PhoneBody)
        company = self._company(body.company) if body.company else None
        try:
            profile = self._service.text_stop(body.phone, company=company)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(_profile(profile))

    async def oops(self, request: Request) -> Response:
        """Text OOPS after an accidental STOP; without a company, to all of them."""
        body = await read(request, _PhoneBody)
        company = self._company(body.company) if body.company else None
        try:
            profile = self._service.text_oops(body.phone, company=company)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(_profile(profile))

    async def upload(self, request: Request) -> Response:
        """Create or change profiles by upload; what stands before a mistake is uploaded all the same."""
        body = await read(request, _UploadBody)
        company = self._company(body.company)
        try:
            profiles = [self._service.upload(company, one.phone, one.fields) for one in body.profiles]
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse({"profiles": [_profile(profile) for profile in profiles]})

    async def click(self, request: Request) -> Response:
        """Follow a link in a text."""
        body = await read(request, _ClickBody)
        company = self._company(body.company)
        profile = _existing(company, body.phone)
        company.click(profile, body.url, times=body.times)
        return JSONResponse(_profile(profile))

    async def clean(self, request: Request) -> Response:
        """Let the number of a profile turn out to be out of service."""
        body = await read(request, _PhoneBody)
        try:
            profile = self._service.clean(self._company(body.company), body.phone)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(_profile(profile))

    async def merge(self, request: Request) -> Response:
        """Merge two profiles."""
        body = await read(request, _MergeBody)
        company = self._company(body.company)
        survivor, removed = _existing(company, body.survivor), _existing(company, body.removed)
        if survivor.phone == removed.phone:
            raise HTTPException(400, "a profile cannot be merged with itself")
        company.merge(survivor, removed)
        return JSONResponse(_profile(survivor))

    async def delete(self, request: Request) -> Response:
        """Delete a profile for good."""
        company = self._company(request.query_params.get("company"))
        profile = _existing(company, request.path_params["phone"])
        company.remove(profile)
        return JSONResponse({"deleted": profile.id})

    async def edit(self, request: Request) -> Response:
        """Change a profile by hand."""
        body = await read(request, _EditBody)
        company = self._company(body.company)
        try:
            profile = self._service.edit_profile(body.phone, body.fields, company=company)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        if body.constituent_id is not None:
            profile.constituent_id = body.constituent_id
        if body.textable is not None:
            profile.textable = body.textable
        return JSONResponse(_profile(profile))

    async def show_profile(self, request: Request) -> Response:
        """Return one profile by its number."""
        company = self._company(request.query_params.get("company"))
        return JSONResponse(_profile(_existing(company, request.path_params["phone"])))

    async def summary(self, _request: Request) -> Response:
        """Count profiles by status, and the memberships of each campaign by theirs."""
        companies = list(self._service.companies.values())
        return JSONResponse({"companies": [await _summary(company) for company in companies]})

    def _company(self, key: str | None) -> Company:
        companies = self._service.companies
        if key is None and len(companies) == 1:
            return next(iter(companies.values()))
        if key is None:
            raise HTTPException(400, f"there are {len(companies)} companies; name one by its key")
        if key not in companies:
            raise HTTPException(400, "no company has that key")
        return companies[key]

    def _shown(self, company: Company) -> dict[str, Any]:
        users = [user for user in self._service.users.values() if company.key in user.companies]
        return {
            "key": company.key,
            "name": company.name,
            "columns": company.columns,
            "campaigns": [
                {
                    "id": campaign.id,
                    "name": campaign.name,
                    "keyword": campaign.keyword,
                    "active": campaign.active,
                    "description": campaign.description,
                    "tags": list(campaign.tags),
                    "opt_in_paths": [
                        {
                            "id": path.id,
                            "name": path.name,
                            "active": path.active,
                            "double_opt_in": path.double_opt_in,
                            "welcome_text": path.welcome_text,
                        }
                        for path in campaign.paths
                    ],
                }
                for campaign in company.campaigns.values()
            ],
            "users": [{"login": user.login, "name": user.name, "email": user.email} for user in users],
        }


def _existing(company: Company, phone: str) -> Profile:
    digits = normalised(phone)
    if digits is None:
        raise HTTPException(400, "phone: not a number")
    if digits not in company.profiles:
        raise HTTPException(404, "no profile has that number")
    return company.profiles[digits]


def _user(body: _UserBody, companies: tuple[str, ...]) -> User:
    return User(
        login=body.login,
        companies=companies,
        name=body.name or body.login,
        email=body.email or body.login,
        password=body.password,
        tokens=frozenset(body.tokens),
    )


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "phone": profile.phone,
        "status": profile.status,
        "created_at": in_attribute(profile.created_at),
        "updated_at": in_attribute(profile.updated_at),
        "opted_out_at": in_attribute(profile.opted_out_at) or None,
        "opted_out_source": profile.opted_out_source or None,
        "fields": profile.fields,
        "columns": {name: value.text for name, value in profile.columns.items()},
        "constituent_id": profile.constituent_id,
        "subscriptions": [
            {
                "id": subscription.id,
                "campaign_id": subscription.campaign.id,
                "opt_in_path_id": subscription.opt_in_path_id or None,
                "status": subscription.status,
                "opt_in_source": subscription.opt_in_source,
                "activated_at": in_attribute(subscription.activated_at) or None,
                "opted_out_at": in_attribute(subscription.opted_out_at) or None,
                "opt_out_source": subscription.opt_out_source or None,
            }
            for subscription in profile.subscriptions.values()
        ],
    }


async def _summary(company: Company) -> dict[str, Any]:
    return {
        "key": company.key,
        "name": company.name,
        "profiles": len(company.profiles),
        "by_status": await _by_status(company.profiles.values()),
        "campaigns": [
            {
                "id": campaign.id,
                "name": campaign.name,
                "by_status": await _by_status(campaign.subscriptions),
            }
            for campaign in list(company.campaigns.values())
        ],
    }


async def _by_status(records: Iterable[Profile | Subscription]) -> dict[str, int]:
    return dict(Counter([record.status async for record in in_steps(records)]))
