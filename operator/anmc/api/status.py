"""The status of a DataSyncIntegration: what the operator observed and did (api.md 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Self

from pydantic import (
    ConfigDict,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

from anmc.api.conditions import Condition, plain_message
from anmc.api.durations import format_duration
from anmc.api.names import Category, Direction, RunResult, Trigger
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.times import ApiTime

NOT_OBSERVED: Final = -1
"""`observedGeneration` of a fresh object: older than every generation, so it counts as in progress."""

_WIRE: Final = ConfigDict(alias_generator=to_camel)


def _none_if_unreadable(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Take what another version of the operator wrote for absent where it makes no sense to this one."""
    try:
        return handler(value)
    except ValidationError:
        return None


def _readable_only(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Keep the entries that make sense to this version of the operator."""
    readable: list[object] = []
    for entry in value if isinstance(value, list | tuple) else ():
        try:
            readable.extend(handler([entry]))
        except ValidationError:
            continue
    return tuple(readable)


_Tolerant = WrapValidator(_none_if_unreadable)
_EachTolerant = WrapValidator(_readable_only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """The main settings in force, defaults filled in; `field_mappings` is the number of rows."""

    __pydantic_config__ = _WIRE

    push_interval: str
    pull_schedule: str
    pull_time_zone: str
    lookback: str
    send_window: str
    field_mappings: int

    @classmethod
    def of(cls, spec: DataSyncIntegrationSpec) -> Self:
        """Take the settings out of a spec."""
        window = spec.consent.send_window
        return cls(
            push_interval=format_duration(spec.push.interval),
            pull_schedule=spec.pull.schedule,
            pull_time_zone=spec.pull.time_zone,
            lookback=format_duration(spec.pull.lookback),
            send_window=f"{window.start}-{window.end}",
            field_mappings=len(spec.effective_mappings()),
        )


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many records of a run ended in a category."""

    __pydantic_config__ = _WIRE

    category: Category
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Requests sent to each service, retries included."""

    __pydantic_config__ = _WIRE

    mobile_commons: int = 0
    action_network: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentRun:
    """The claim of a run that is going on."""

    __pydantic_config__ = _WIRE

    id: str
    trigger: Trigger
    start_time: ApiTime
    records_read: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """How the last run ended; `records_read` is the sum of the outcomes."""

    __pydantic_config__ = _WIRE

    id: str
    trigger: Trigger
    start_time: ApiTime
    completion_time: ApiTime
    result: RunResult
    message: str = ""
    records_read: int = 0
    outcomes: Annotated[tuple[OutcomeCount, ...], _EachTolerant] = ()
    calls: Calls = field(default_factory=Calls)
    report_name: str | None = None

    def __post_init__(self) -> None:
        """Keep the message within what the schema takes: a refused status would say nothing at all."""
        object.__setattr__(self, "message", plain_message(self.message))


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionStatus:
    """Where one direction stands. `watermark`: everything before it has been read."""

    __pydantic_config__ = _WIRE

    last_handled_request: str = ""
    watermark: Annotated[ApiTime | None, _Tolerant] = None
    next_run_time: Annotated[ApiTime | None, _Tolerant] = None
    last_success_time: Annotated[ApiTime | None, _Tolerant] = None
    consecutive_failures: int = 0
    current_run: Annotated[CurrentRun | None, _Tolerant] = None
    last_run: Annotated[LastRun | None, _Tolerant] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullStatus(DirectionStatus):
    """Where the pull stands; a pull of the whole list has a request token of its own."""

    last_handled_full_request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """How many there are, as the store counts them; no one can be told from these numbers."""

    __pydantic_config__ = _WIRE

    linked: int = 0
    suppressed: int = 0
    deferred_opt_ins: int = 0
    dead_letters: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationStatus:
    """The whole status. It holds no personal data, no free text of a record and no token."""

    __pydantic_config__ = _WIRE

    observed_generation: int = NOT_OBSERVED
    active_since_time: Annotated[ApiTime | None, _Tolerant] = None
    conditions: Annotated[tuple[Condition, ...], _EachTolerant] = ()
    effective: Annotated[Effective | None, _Tolerant] = None
    push: DirectionStatus = field(default_factory=DirectionStatus)
    pull: PullStatus = field(default_factory=PullStatus)
    people: People = field(default_factory=People)
    last_handled_safety_override: str = ""

    def of(self, direction: Direction) -> DirectionStatus:
        """Return where one direction stands."""
        return self.push if direction is Direction.PUSH else self.pull

    @classmethod
    def from_dict(cls, status: Mapping[str, Any] | None) -> "IntegrationStatus":
        """Read `status` of an object as the API server serves it.

        Tolerant, as another version of the operator may have written it: unknown keys are ignored, and what
        cannot be read counts as absent.
        """
        try:
            return _ADAPTER.validate_python(status or {})
        except ValidationError:
            return cls()

    def to_dict(self) -> dict[str, Any]:
        """Return the status as it goes over the wire: camelCase, nothing that is null."""
        written: dict[str, Any] = _ADAPTER.dump_python(self, mode="json", by_alias=True, exclude_none=True)
        return written


_ADAPTER: Final = TypeAdapter(IntegrationStatus)
"""Built once: the status of each integration is read and written at every run."""
