"""Switches: what nobody knows about a service, as closed choices that a test or a user can turn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final, Generic, TypeVar, cast, get_type_hints

Value = bool | int | float | str
"""What a switch can stand at; a choice is a member of its StrEnum."""

_WORDS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class About:
    """What a switch decides, with its section of the contract; stands in the `Annotated` of a field of `Switches`.

    `least` and `most` bound a number.
    """

    section: str
    says: str
    least: float = 0
    most: float = 0


@dataclass(frozen=True, slots=True)
class Switch:
    """One unknown: where it stands unless somebody turns it, and what it is about."""

    name: str
    default: Value
    about: About

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the values as they are written, the default among them; a range for a number."""
        match self.default:
            case bool():
                return ("false", "true")
            case StrEnum():
                return tuple(type(self.default))
            case _:
                return (f"{self.about.least:g} to {self.about.most:g}",)

    @property
    def allowed(self) -> str:
        """Return the values in words, to follow "must be"."""
        match self.default:
            case bool():
                return "true or false"
            case StrEnum():
                return f"one of {', '.join(map(in_words, self.choices))}"
            case int():
                return f"a whole number from {self.choices[0]}"
            case _:
                return f"a number from {self.choices[0]}"

    def read(self, value: object) -> Value:
        """Return a value from JSON or a command line, as the switch keeps it.

        Raises:
            ValueError: none of those allowed, which the text names.
        """
        read = self._read(value)
        if read is None:
            raise ValueError(f"{self.name} must be {self.allowed}")
        return read

    def _read(self, value: object) -> Value | None:
        match self.default:
            case bool():
                value = _WORDS.get(value) if isinstance(value, str) else value
                return value if isinstance(value, bool) else None
            case StrEnum():
                return type(self.default)(value) if isinstance(value, str) and value in self.choices else None
            case default:
                number = _number(value)
                if number is None or not self.about.least <= number <= self.about.most:
                    return None
                if isinstance(default, int):
                    return int(number) if number.is_integer() else None
                return number


def in_words(choice: str) -> str:
    """Return a value so that also the empty one can be seen in a sentence."""
    return choice or '""'


@dataclass(frozen=True, slots=True)
class Switches:
    """The switches of one service; each field has a default and is `Annotated` with what it is about."""

    def __post_init__(self) -> None:
        for one in switches_of(type(self)):
            object.__setattr__(self, one.name, one.read(getattr(self, one.name)))


AnySwitches = TypeVar("AnySwitches", bound=Switches)


def switches_of(settings: type[Switches]) -> tuple[Switch, ...]:
    """Return the switches of a service as they are declared."""
    hints = get_type_hints(settings, include_extras=True)
    return tuple(
        Switch(one.name, cast("Value", one.default), *hints[one.name].__metadata__) for one in fields(settings)
    )


def turned(settings: AnySwitches, values: Mapping[str, object]) -> AnySwitches:
    """Return the settings with some switches turned.

    Raises:
        ValueError: no such switch, or a value that it does not have; the text names those that there are.
    """
    known = {one.name for one in switches_of(type(settings))}
    for name in values:
        if name not in known:
            raise ValueError(f"{name} is no switch; there are {', '.join(sorted(known))}")
    return replace(settings, **values)


class Switchboard(Generic[AnySwitches]):
    """The switches of a running service, as they stand and as it was started."""

    def __init__(self, settings: AnySwitches) -> None:
        self.settings = settings
        self._started = settings

    def keep(self) -> None:
        """Take the switches as they stand for those that the service was started with."""
        self._started = self.settings

    def reset(self) -> None:
        """Put every switch where it stood at the start."""
        self.settings = self._started

    def document(self) -> dict[str, Value]:
        """Return where every switch stands, JSON-ready."""
        return dict(_standing(self.settings))


def _standing(settings: Switches) -> Iterator[tuple[str, Value]]:
    return ((one.name, getattr(settings, one.name)) for one in switches_of(type(settings)))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
