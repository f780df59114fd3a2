"""The operator's error for a call that failed for good."""

from datetime import timedelta

from anmc.clients.calls import Call
from anmc.clients.failures import (
    CallFailed,
    Cause,
    Denied,
    NoTurn,
    Refused,
    Rejected,
    TryFailed,
    Unconfirmed,
    Unserved,
)
from anmc.clients.service import Access, Traits
from anmc.errors import AnmcError, AuthenticationFailed, RateLimited, ServiceUnavailable


def translate(  # noqa: PLR0911 - one return per fate
    failed: CallFailed, call: Call, traits: Traits, access: Access, *, tries: int
) -> AnmcError:
    """Say what failed where after how many tries, from closed sets alone: neither request nor answer is quoted."""
    title, operation = traits.title, call.operation
    match failed:
        case Denied():
            return _authentication_failed(failed.how, title, access)
        case Refused():
            detail = f"error {failed.error_id}" if failed.error_id is not None else failed.code
            message = f"{title} refused {operation} ({detail})"
            return Rejected(message, code=failed.code, error_id=failed.error_id)
        case NoTurn():
            return ServiceUnavailable(f"The limits of {title} left no turn for {operation} in good time")
        case TryFailed() if not call.repeat.allows(failed):
            return Unconfirmed(f"{title} may have applied {operation} ({failed.code})", code=failed.code)
        case TryFailed(cause=Cause.RATE_LIMITED):
            message = f"{title} still limits {operation} after being asked {_times(tries)}"
            return RateLimited(message, after=_asked_wait(failed))
        case TryFailed():
            message = f"{title} failed {operation} {_times(tries)} ({failed.code})"
            return Unserved(message, cause=failed.cause, code=failed.code, after=_asked_wait(failed))
        case _:
            return ServiceUnavailable(f"{title} failed {operation} ({failed.code})")


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _asked_wait(failed: TryFailed) -> timedelta | None:
    return None if failed.retry_after is None else timedelta(seconds=failed.retry_after)


def _authentication_failed(how: str, title: str, access: Access) -> AuthenticationFailed:
    keys = " and ".join(f'"{key}"' for key in access.secret_keys)
    return AuthenticationFailed(
        f'{title} refused the {access.noun} in Secret "{access.secret_name}" ({how})',
        remedy=f"Put a valid {access.noun} under {keys}; the operator checks again when the Secret changes, "
        "and every 15 minutes.",
    )
