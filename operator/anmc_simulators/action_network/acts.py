"""What happens to people of a list: what they do themselves, merges, uploads."""

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anmc_simulators.action_network.contacts import merge
from anmc_simulators.action_network.named import (
    Name,
    existing,
    find_group,
    find_person,
    shown,
    store,
    with_custom_fields,
)
from anmc_simulators.action_network.person import UNSUBSCRIBED
from anmc_simulators.action_network.signup_helper import sign_up
from anmc_simulators.action_network.state import TICKED, UNTICKED, ActionNetwork, Group
from anmc_simulators.action_network.writes import Failing, Invalid, Written
from anmc_simulators.action_network.writes import read as read_person
from anmc_simulators.bodies import MAX_UPLOAD, Body, read

_PREFIX: Final = "/action-network"
_BOUNCING: Final = "bouncing"


class _PersonBody(Body):
    """Somebody, by id or by number."""

    id: Name | None = None
    phone: Name | None = None
    key: Name | None = None


class _TickBody(_PersonBody):
    """A checkbox; true and false are a ticked and an unticked box, a string is stored as it is, null is absent."""

    field: Name
    value: bool | str | None = True


class _BounceBody(_PersonBody):
    """A message that did not arrive."""

    channel: Literal["sms", "email"] = "sms"


class _MergeBody(Body):
    """Two records by their ids, the first of which stays."""

    survivor: Name
    removed: Name
    key: Name | None = None


class _UploadBody(Body):
    """Rows like the `person` of the signup helper, to which its rules apply; or whom to delete, by such rows."""

    people: Annotated[list[dict[str, Any]], Field(max_length=MAX_UPLOAD)]
    delete: bool = False
    key: Name | None = None


def routes(service: ActionNetwork) -> list[Route]:
    """Return the routes of these acts, to be mounted under `/_sim`."""
    acts = _Acts(service)
    return [
        Route(f"{_PREFIX}/tick", acts.tick, methods=["POST"]),
        Route(f"{_PREFIX}/stop", acts.stop, methods=["POST"]),
        Route(f"{_PREFIX}/bounce", acts.bounce, methods=["POST"]),
        Route(f"{_PREFIX}/action", acts.take_action, methods=["POST"]),
        Route(f"{_PREFIX}/merge", acts.merge, methods=["POST"]),
        Route(f"{_PREFIX}/upload", acts.upload, methods=["POST"]),
    ]


class _Acts:
    """One method for each act; the answer shows the record as it then is."""

    def __init__(self, service: ActionNetwork) -> None:
        self._service = service

    async def tick(self, request: Request) -> Response:
        """Set a checkbox field as a form would."""
        body = await read(request, _TickBody)
        group, person = find_person(self._service, body.key, person_id=body.id, phone=body.phone)
        value = {True: TICKED, False: UNTICKED}[body.value] if isinstance(body.value, bool) else body.value
        if body.field not in group.custom_fields:
            raise HTTPException(400, f"the group has no custom field {body.field!r}")
        return shown(store(group, with_custom_fields(person, {body.field: value})))

    async def stop(self, request: Request) -> Response:
        """Leave the mobile list by a STOP word."""
        body = await read(request, _PersonBody)
        group, person = find_person(self._service, body.key, person_id=body.id, phone=body.phone)
        return shown(group.put(replace(person, sms_status=UNSUBSCRIBED)))

    async def bounce(self, request: Request) -> Response:
        """Let a message bounce."""
        body = await read(request, _BounceBody)
        group, person = find_person(self._service, body.key, person_id=body.id, phone=body.phone)
        if body.channel == "sms":
            return shown(group.put(replace(person, sms_status=_BOUNCING)))
        return shown(group.put(replace(person, email_status=_BOUNCING)))

    async def take_action(self, request: Request) -> Response:
        """Take part in an action, which changes nothing but the date of modification."""
        body = await read(request, _PersonBody)
        group, person = find_person(self._service, body.key, person_id=body.id, phone=body.phone)
        return shown(group.put(person, acted=True))

    async def merge(self, request: Request) -> Response:
        """Merge two records."""
        body = await read(request, _MergeBody)
        group, survivor = find_person(self._service, body.key, person_id=body.survivor)
        removed = existing(group.with_id(body.removed))
        if survivor.position == removed.position:
            raise HTTPException(400, "a person cannot be merged with themselves")
        return shown(group.put(merge(group, survivor, removed, survivor=survivor)))

    async def upload(self, request: Request) -> Response:
        """Upload people or their deletion; what stands before a mistake is uploaded all the same."""
        body = await read(request, _UploadBody)
        group = find_group(self._service, body.key)
        try:
            written = [read_person(person, group.settings) for person in body.people]
            ids = [_delete(group, one) if body.delete else sign_up(group, one).id for one in written]
        except (Invalid, Failing) as error:
            raise HTTPException(400, str(error) or "the service fails over this upload") from error
        return JSONResponse({"deleted" if body.delete else "uploaded": ids})


def _delete(group: Group, written: Written) -> str:
    """Delete whom an e-mail address names, or else a number."""
    person = existing(group.with_email(written.email) if written.email else group.with_phone(written.phone))
    group.remove(person)
    return person.id
