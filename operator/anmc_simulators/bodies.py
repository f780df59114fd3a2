"""What the control API is sent: strict, with a message that says what is wrong and what there is."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_UPLOAD: Final = 10_000
"""Records of one upload: more than a test writes by hand; a seed invents the masses."""


class Body(BaseModel):
    """A JSON object; a member that nobody reads is a mistake of the caller."""

    model_config = ConfigDict(extra="forbid")


AnyBody = TypeVar("AnyBody", bound=Body)


async def read(request: Request, model: type[AnyBody]) -> AnyBody:
    """Return the body as the model reads it.

    Raises:
        HTTPException: 400, with the first member that is wrong.
    """
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        raise HTTPException(400, _first(error, model)) from error


def read_query(request: Request, model: type[AnyBody]) -> AnyBody:
    """Return the query parameters as the model reads them.

    Raises:
        HTTPException: 400, with the first parameter that is wrong.
    """
    try:
        return checked(model, request.query_params)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error


def checked(model: type[AnyBody], members: Mapping[str, Any]) -> AnyBody:
    """Return what a model makes of its members.

    Raises:
        ValueError: one sentence about the first member that is wrong.
    """
    try:
        return model.model_validate(dict(members))
    except ValidationError as error:
        raise ValueError(_first(error, model)) from error


def _first(error: ValidationError, model: type[Body]) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "body"
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        known = ", ".join(model.model_fields) or "none"
        return f"{where}: there is no such member; there are: {known}"
    return f"{where}: {first['msg']}"
