"""The spec of a DataSyncIntegration: the wish of its user, defaults filled in (api.md 2)."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from anmc.api.durations import DURATION_MAX_LENGTH, DURATION_PATTERN, format_duration, parse_duration
from anmc.api.mapping import NAME_MAX_LENGTH, FieldMapping, check_mappings, complete_mappings
from anmc.api.model import UserWritten
from anmc.api.names import InitialSync, Mode, SendWindowZone, SyncType

__all__ = ["DataSyncIntegrationSpec", "FieldMapping"]

MINUTES_A_DAY: Final = 24 * 60
"""Minutes from `00:00` to `24:00`, the ends of the longest send window."""


def _duration(value: object) -> timedelta:
    """Read a duration; one that is a `timedelta` already comes from our own code."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a duration such as 5m or 36h")  # noqa: TRY004  # pydantic collects ValueErrors
    return parse_duration(value)


def _between(least: timedelta, most: timedelta) -> Callable[[timedelta], timedelta]:
    def check(value: timedelta) -> timedelta:
        if not least <= value <= most:
            raise ValueError(f"must be at least {format_duration(least)} and at most {format_duration(most)}")
        return value

    return check


def _origin(url: str) -> str:
    """Return an origin without the slash that browsers add to it."""
    try:
        parts = urlsplit(url)
        is_origin = (
            parts.scheme in {"https", "http"}
            and bool(parts.hostname)
            and parts.port != 0
            and parts.path in {"", "/"}
            and not set(url) & set("@?# \t\r\n")
        )
    except ValueError:
        is_origin = False
    if not is_origin:
        raise ValueError("must be an origin such as https://service.example, without user, path or query")
    return url.removesuffix("/")


_DurationText = WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "maxLength": DURATION_MAX_LENGTH})
_MINUTE_TO_DAY = AfterValidator(_between(timedelta(minutes=1), timedelta(hours=24)))
_HOUR_TO_MONTH = AfterValidator(_between(timedelta(hours=1), timedelta(hours=720)))

Duration = Annotated[timedelta, BeforeValidator(_duration), _DurationText]
Origin = Annotated[str, Field(max_length=256), AfterValidator(_origin)]
Digits = Annotated[str, Field(pattern="^[0-9]+$", max_length=20)]
Name = Annotated[str, Field(pattern=r"^\S(.*\S)?$", max_length=NAME_MAX_LENGTH)]
Percent = Annotated[int, Field(ge=0, le=100)]
ClockTime = Annotated[str, Field(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", max_length=5)]


class SecretReference(UserWritten):
    """A Secret in the integration's own namespace (api.md 6)."""

    name: Annotated[str, Field(pattern="^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]


class MobileCommonsSpec(UserWritten):
    """The Mobile Commons side."""

    url: Origin = "https://secure.mcommons.com"
    credentials_secret_ref: SecretReference
    company_key: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    opt_in_path: Digits | None = None
    campaign_id: Digits | None = None
    constituent_id_column: Name = "constituent_id"
    max_concurrent_requests: Annotated[int, Field(ge=1, le=80)] = 50


class ActionNetworkSpec(UserWritten):
    """The Action Network side."""

    url: Origin = "https://actionnetwork.org"
    credentials_secret_ref: SecretReference
    source_code: Annotated[str, Field(min_length=1, max_length=128)] = "Mobile Commons"
    opt_in_field: Name
    create_without_email: bool = False
    max_requests_per_minute: Annotated[int, Field(ge=1, le=240)] = 234


class PushSpec(UserWritten):
    """Mobile Commons to Action Network."""

    interval: Annotated[Duration, _MINUTE_TO_DAY] = timedelta(minutes=5)
    mode: Mode = Mode.APPLY


class PullSpec(UserWritten):
    """Action Network to Mobile Commons. Cron text and zone are checked by the rules, which own the schedule."""

    schedule: Annotated[str, Field(min_length=1, max_length=100)] = "0 2 * * *"
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] = "America/New_York"
    lookback: Annotated[Duration, _HOUR_TO_MONTH] = timedelta(hours=48)
    starting_deadline: Annotated[Duration, _MINUTE_TO_DAY] = timedelta(hours=6)
    mode: Mode = Mode.APPLY


class SendWindowSpec(UserWritten):
    """Local hours in which opt-in calls are made; each of them may send a text."""

    start: ClockTime = "09:00"
    end: ClockTime = "20:00"
    zone: SendWindowZone = SendWindowZone.RECIPIENT

    @property
    def start_minute(self) -> int:
        """First minute of the local day that is inside, 0 to 1439."""
        return _minute_of_day(self.start)

    @property
    def end_minute(self) -> int:
        """First minute of the local day that is outside again, 1 to 1440."""
        return _minute_of_day(self.end)

    @property
    def is_always_open(self) -> bool:
        """Whether the hour never matters."""
        return self.start_minute == 0 and self.end_minute == MINUTES_A_DAY

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError("start must be before end; a window over midnight is not possible")
        return self


class ConsentSpec(UserWritten):
    """What may happen to subscriptions."""

    opt_out_from_action_network: bool = True
    send_window: SendWindowSpec = SendWindowSpec()
    max_opt_ins_per_day: Annotated[int, Field(ge=0, le=1_000_000)] = 500


class SafetySpec(UserWritten):
    """Limits that stop a run before it does harm."""

    max_opt_out_percent: Percent = 20
    max_creates_per_run: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    max_failure_percent: Percent = 20


class ReportsSpec(UserWritten):
    """How many SyncReports stay."""

    keep_pulls: Annotated[int, Field(ge=1, le=366)] = 14
    keep_pushes: Annotated[int, Field(ge=1, le=366)] = 12


class DataSyncIntegrationSpec(UserWritten):
    """What the user wishes, with the defaults of api.md in place of what is absent."""

    active: bool = False
    notes: Annotated[str, Field(max_length=4096)] = ""
    sync_type: SyncType = SyncType.CONSERVATIVE
    initial_sync: InitialSync = InitialSync.WINDOW
    mobile_commons: MobileCommonsSpec
    action_network: ActionNetworkSpec
    field_mappings: Annotated[tuple[FieldMapping, ...], Field(max_length=100)] | None = None
    push: PushSpec = PushSpec()
    pull: PullSpec = PullSpec()
    consent: ConsentSpec = ConsentSpec()
    safety: SafetySpec = SafetySpec()
    default_region: Annotated[str, Field(pattern="^[A-Z]{2}$", max_length=2)] = "US"
    allowed_country_codes: Annotated[
        tuple[Annotated[int, Field(ge=1, le=999)], ...], Field(min_length=1, max_length=50)
    ] = (1,)
    reports: ReportsSpec = ReportsSpec()

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> Self:
        """Read `spec` of an object as the API server serves it.

        Raises:
            InvalidSpec: a field cannot be used; the message names it as `spec.pull.lookback: must be …`.
        """
        return cls.parse(spec, path="spec")

    def effective_mappings(self) -> tuple[FieldMapping, ...]:
        """Return the rows in force, the four fixed ones first (api.md 3)."""
        return complete_mappings(self.field_mappings, opt_in_field=self.action_network.opt_in_field)

    @model_validator(mode="after")
    def _check_across_fields(self) -> Self:
        if self.mobile_commons.credentials_secret_ref == self.action_network.credentials_secret_ref:
            raise ValueError("mobileCommons and actionNetwork must name different Secrets")
        if self.field_mappings is not None:
            check_mappings(self.field_mappings, opt_in_field=self.action_network.opt_in_field)
        return self


def _minute_of_day(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
