"""How user-written text becomes a typed object: strict, with errors in the user's own words."""

import json
from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from anmc.errors import InvalidSpec


class UserWritten(BaseModel):
    """Base of what users write: camelCase on the wire, unknown keys refused, never changed afterwards."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    @classmethod
    def parse(cls, written: Mapping[str, Any], *, path: str) -> Self:
        """Read what a user wrote under `path`, such as `spec`.

        Raises:
            InvalidSpec: a field cannot be used; the message names each such field as the user spells it
                and never repeats its value.
        """
        try:
            # By way of JSON: strict there means that "1" is no number, while texts still become enums.
            return cls.model_validate_json(json.dumps(written), strict=True, by_alias=True, by_name=False)
        except ValidationError as error:
            problems = [
                f"{_path_text(path, problem['loc'])}: {_sentence(problem)}"
                for problem in error.errors(include_url=False, include_input=False)
            ]
        raise InvalidSpec("; ".join(problems), remedy="Correct the spec; it is read again at once.")


def _path_text(path: str, location: tuple[int | str, ...]) -> str:
    return path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _sentence(problem: ErrorDetails) -> str:
    """Say what must hold; the library's own texts speak of Python."""
    context = problem.get("ctx", {})
    template = _SENTENCES.get(problem["type"], "must be a value of another type")
    return template.format(**context)


_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a field that the operator knows",
    "enum": "must be {expected}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "value_error": "{error}",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
}
"""What must hold, by the library's name of the error and with the values that it gives along."""
