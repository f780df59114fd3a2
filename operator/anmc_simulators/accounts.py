"""Accounts on both sides: one call opens a pair that shares nothing with any other."""

import uuid
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anmc_simulators.bodies import Body, read
from anmc_simulators.mobile_commons.records import User
from anmc_simulators.operations import Service
from anmc_simulators.seed import ID_COLUMN, OPT_IN_FIELD
from anmc_simulators.simulation import Simulation


class _PairBody(Body):
    """What an account of each side begins with, beyond what a sync cannot do without."""

    columns: tuple[str, ...] = ()
    custom_fields: tuple[str, ...] = ()
    welcome_text: str = "Welcome to our texts!"


def routes(simulation: Simulation) -> list[Route]:
    """Return the control routes of accounts, to be mounted under `/_sim`."""

    async def show(_request: Request) -> Response:
        return JSONResponse({"accounts": list(_accounts(simulation))})

    async def open_pair(request: Request) -> Response:
        return JSONResponse(_open_pair(simulation, await read(request, _PairBody)), 201)

    return [Route("/accounts", show, methods=["GET"]), Route("/accounts", open_pair, methods=["POST"])]


def _accounts(simulation: Simulation) -> Iterable[dict[str, Any]]:
    """Describe every account by the name under which it is limited, without any secret but that name."""
    for key, group in simulation.action_network.groups.items():
        yield {"service": Service.ACTION_NETWORK, "account": key, "name": group.name, "people": len(group)}
    for key, company in simulation.mobile_commons.companies.items():
        yield {
            "service": Service.MOBILE_COMMONS,
            "account": key,
            "name": company.name,
            "people": len(company.profiles),
            "logins": [user.login for user in simulation.mobile_commons.users.values() if key in user.companies],
        }


def _open_pair(simulation: Simulation, body: _PairBody) -> dict[str, Any]:
    """Open a company with one campaign, one opt-in path, one user, and a list with a key; nobody is in them yet."""
    suffix = uuid.uuid4().hex
    company = simulation.mobile_commons.create_company(columns=[ID_COLUMN, *body.columns])
    path = company.add_path(company.add_campaign("General"), "Action Network", welcome_text=body.welcome_text)
    login, password, token = f"sync-{suffix[:8]}@example.org", f"invented-password-{suffix}", f"invented-token-{suffix}"
    user = User(login, (company.key,), "AN Sync", login, password=password, tokens=frozenset({token}))
    simulation.mobile_commons.put_user(user)
    key = f"invented-key-{suffix}"
    simulation.action_network.add_group(key, custom_fields=[OPT_IN_FIELD, *body.custom_fields])
    return {
        "mobile_commons": {
            "company": company.key,
            "username": login,
            "password": password,
            "token": token,
            "campaign_id": path.campaign_id,
            "opt_in_path_id": path.id,
            "constituent_id_column": ID_COLUMN,
        },
        "action_network": {"key": key, "opt_in_field": OPT_IN_FIELD},
    }
