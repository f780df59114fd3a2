"""What can go wrong with a call, before the rest of the operator hears of it."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from anmc.errors import OutcomeUnknown, ServiceRefused, ServiceUnavailable

TIMEOUT: Final = "timeout"
NETWORK: Final = "network"
INVALID: Final = "invalid"
APP_ERROR: Final = "app_error"
"""Codes of the meter for requests that end without a telling HTTP status (operations.md 1)."""

MAX_TRIES: Final = 5
"""Requests sent for one call at most, the first one included (action-network-api.md 3.3)."""

_COUNTED_STATUSES: Final = frozenset(
    {200, 201, 202, 204, 302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504}
)
"""Statuses that the meter counts one by one; others go by their class."""


def status_code(status: int) -> str:
    """Return the meter's code of an HTTP status."""
    return str(status) if status in _COUNTED_STATUSES else f"{status // 100}xx"


class Cause(StrEnum):
    """Why a try may be worth repeating; the value is the reason that the meter counts."""

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    NETWORK = "network"
    INVALID = "invalid"


class CallFailed(Exception):
    """Base of what ends a try; `code` is how the meter counts it. None of these quotes an answer.

    `tries` is how many a call may make, this one included, if this is how the last one ended.
    """

    tries = 1

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TryFailed(CallFailed):
    """No usable answer came, and another try may bring one.

    `is_unsent` says that the service cannot have acted on the request. `retry_after` is the wait that it asked
    for, in seconds and clamped.
    """

    tries = MAX_TRIES

    def __init__(self, cause: Cause, code: str, *, is_unsent: bool, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.cause = cause
        self.is_unsent = is_unsent
        self.retry_after = retry_after


class NoTurn(TryFailed):
    """The limits of the credential left no turn in good time; nothing was sent."""

    def __init__(self) -> None:
        super().__init__(Cause.TIMEOUT, TIMEOUT, is_unsent=True)


class Denied(CallFailed):
    """The credentials were not accepted; `how` says what showed it, such as `403` or `log-in page`."""

    def __init__(self, code: str, *, how: str) -> None:
        super().__init__(code)
        self.how = how


class Refused(CallFailed):
    """This request was refused for good; `error_id` is that of Mobile Commons, which refuses with HTTP 200."""

    def __init__(self, code: str, *, error_id: int | None = None) -> None:
        super().__init__(code)
        self.error_id = error_id


class Doubtful(Refused):
    """This request was refused in a way that may pass, which is worth one more try (mobile-commons-api.md 2)."""

    tries = 2


class Unreadable(Exception):
    """An answer does not follow its contract; what exactly stays unsaid, as it would quote the answer."""


class Unconfirmed(OutcomeUnknown):
    """A write may have been applied; `code` says how its last try ended."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, remedy="The record is read before the write is repeated.")
        self.code = code


class Unserved(ServiceUnavailable):
    """No try of a call brought a usable answer; `cause` and `code` are what was wrong with the last one."""

    def __init__(self, message: str, *, cause: Cause, code: str, after: timedelta | None) -> None:
        super().__init__(message, after=after)
        self.cause = cause
        self.code = code

    @property
    def may_be_poison(self) -> bool:
        """Whether the service answers, and stumbles over what it was asked for (sync.md W13).

        One that does not answer, says that it is unavailable or when to come back, has other troubles: looking for
        a bad record would only make its outage last longer for us.
        """
        return self.cause is Cause.INVALID or (self.code == "500" and self.after is None)


class Rejected(ServiceRefused):
    """A call was refused for good; `code` and `error_id` as in `Refused`."""

    def __init__(self, message: str, *, code: str, error_id: int | None) -> None:
        super().__init__(message)
        self.code = code
        self.error_id = error_id
