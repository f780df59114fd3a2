"""The errors of the operator, each with one of three fates.

    AnmcError
    ├── Stall        a person has to change something
    │   ├── SettingsInvalid
    │   ├── InvalidSpec
    │   ├── FieldMappingInvalid
    │   ├── DuplicateIntegration
    │   ├── OriginNotAllowed
    │   ├── SecretNotFound
    │   ├── SecretKeyMissing
    │   ├── AuthenticationFailed
    │   └── PermissionDenied
    ├── Retry        later may go better
    │   ├── RateLimited
    │   ├── ServiceUnavailable
    │   ├── OutcomeUnknown
    │   ├── TooManyFailures, SafetyStop
    │   ├── RunTimedOut
    │   └── StoreUnavailable
    ├── SkipRecord   this record only, the run goes on
    │   ├── PersonGone
    │   ├── PhoneRejected
    │   └── ServiceRefused
    └── Interrupted  the run has to end now; nothing is wrong

Each has a stable `reason` that conditions and logs show, a message that says what failed where, and a
remedy. None carries personal data, a token or the text of an answer.
"""

from datetime import timedelta
from typing import ClassVar


class AnmcError(Exception):
    """Base of all errors of the operator; `remedy` says what to do, in the imperative."""

    reason: ClassVar[str] = "Failed"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    @property
    def sentence(self) -> str:
        """What failed and what to do, as conditions and the command line show it."""
        return f"{self.message}. {self.remedy}".strip() if self.remedy else self.message


class Stall(AnmcError):
    """A person has to change something; trying again by itself is of no use."""


class SettingsInvalid(Stall):
    """A process setting cannot be used; the process ends with exit code 2."""

    reason = "SettingsInvalid"


class InvalidSpec(Stall):
    """The spec says something that the schema cannot check and that cannot be done."""

    reason = "InvalidSpec"


class FieldMappingInvalid(Stall):
    """A mapped name does not exist in the account (sync.md F16)."""

    reason = "FieldMappingInvalid"


class DuplicateIntegration(Stall):
    """An older integration works on the same accounts (sync.md W16)."""

    reason = "DuplicateIntegration"


class OriginNotAllowed(Stall):
    """The spec names a service address that the process settings do not allow (api.md 8)."""

    reason = "OriginNotAllowed"


class SecretNotFound(Stall):
    """The Secret that the spec names does not exist in the namespace."""

    reason = "SecretNotFound"


class SecretKeyMissing(Stall):
    """The Secret exists and lacks a key, or a key is empty (api.md 6)."""

    reason = "SecretKeyMissing"


class AuthenticationFailed(Stall):
    """The service refused the credentials; only a new Secret value can help (sync.md W15)."""

    reason = "AuthenticationFailed"


class PermissionDenied(Stall):
    """The cluster or the service knows us and does not let us do this."""

    reason = "PermissionDenied"


class Retry(AnmcError):
    """Later may go better; `after` is the shortest wait the service asked for, if it did."""

    def __init__(self, message: str, *, remedy: str = "", after: timedelta | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.after = after


class RateLimited(Retry):
    """Still refused for its rate after the last try."""

    reason = "RateLimited"


class ServiceUnavailable(Retry):
    """The service failed, timed out or answered what its contract does not know, after the last try."""

    reason = "ServiceUnavailable"


class OutcomeUnknown(Retry):
    """A write was sent and not answered: read before it is repeated, a text may be under way."""

    reason = "OutcomeUnknown"


class TooManyFailures(Retry):
    """More of a run's records failed than the spec tolerates (sync.md S3)."""

    reason = "TooManyFailures"


class SafetyStop(Retry):
    """A run came to a safety limit and held back what lies beyond it (sync.md S1, S2).

    `limit` is the field of `spec.safety`, `value` what the run came to, `allowed` what the field allows.
    """

    reason = "SafetyStop"

    def __init__(self, message: str, *, limit: str, value: int, allowed: int) -> None:
        super().__init__(
            message,
            remedy="Read the newest SyncReport; if it is right, set the annotation anmc.io/safety-override to a new "
            f"value, else correct the data or spec.safety.{limit}.",
        )
        self.limit, self.value, self.allowed = limit, value, allowed


class RunTimedOut(Retry):
    """A run took longer than any run may."""

    reason = "Timeout"


class StoreUnavailable(Retry):
    """The store cannot be read or written; a run stops before its next write to a service."""

    reason = "StoreUnavailable"


class SkipRecord(AnmcError):
    """This record cannot be handled; the others go on."""


class PersonGone(SkipRecord):
    """Action Network answers 404 for an id that we knew (sync.md M10)."""

    reason = "PersonGone"


class PhoneRejected(SkipRecord):
    """The service does not take this number (mobile-commons-api.md 2, error 5)."""

    reason = "PhoneRejected"


class ServiceRefused(SkipRecord):
    """The service refused this request for good."""

    reason = "ServiceRefused"


class Interrupted(AnmcError):
    """The run has to end here: shutdown, lost Lease, deactivation, deletion, a changed spec."""

    reason = "Interrupted"
