"""Bodies of the control API: strict, with a message that says which member is wrong."""

from typing import Final, TypeVar

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
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise HTTPException(400, f"{where}: {first['msg']}") from error
