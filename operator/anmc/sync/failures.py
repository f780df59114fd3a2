"""What becomes of a call that failed: one record's outcome, so that the others go on, or the end of the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from anmc.api.names import Category, Reason
from anmc.errors import (
    AnmcError,
    OutcomeUnknown,
    PersonGone,
    PhoneRejected,
    RateLimited,
    ServiceRefused,
    ServiceUnavailable,
    SkipRecord,
)
from anmc.rules.outcomes import Outcome
from anmc.sync.ports import Service

RECORD_ERRORS: Final = (SkipRecord, OutcomeUnknown, ServiceUnavailable, RateLimited)
"""Errors that concern one record while it is handled; all others end the run."""


UNREADABLE: Final = Outcome(Category.PROCESSING_ERROR, Reason.UNREADABLE_RECORD)
"""What becomes of a record that a service shows in a way that cannot be parsed (sync.md W13)."""


CREATE_LIMIT_REACHED: Final = Outcome(Category.HELD, Reason.CREATE_LIMIT_REACHED)
"""What becomes of a record that is not made because the run has made enough (sync.md S2)."""


class RecordFailed(Exception):
    """A call for one record failed; its outcome is known. Never leaves the handling of the record."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@contextmanager
def blaming(service: Service) -> Iterator[None]:
    """Turn the errors of calls to a service into the record's outcome.

    Raises:
        RecordFailed: a call failed in a way that concerns this record.
    """
    try:
        yield
    except RECORD_ERRORS as error:
        raise RecordFailed(failed(error, service)) from error


@contextmanager
def ending_the_run() -> Iterator[None]:
    """Let a refused list call fail the run: without its record there is nothing to skip.

    Raises:
        ServiceUnavailable: in place of an error that would pass over one record.
    """
    try:
        yield
    except SkipRecord as error:
        raise ServiceUnavailable(
            error.message,
            remedy="A later run asks again; if it stays, check what the account of the credentials may do.",
        ) from error


def failed(error: AnmcError, service: Service) -> Outcome:
    """Turn the error of one record's call into its outcome (sync.md Q20, section 8)."""
    if isinstance(error, PersonGone):
        return Outcome(Category.PROCESSING_ERROR, Reason.PERSON_GONE)
    category = Category.UNABLE_TO_UPDATE if service is Service.MOBILE_COMMONS else Category.PROCESSING_ERROR
    if isinstance(error, PhoneRejected):
        return Outcome(category, Reason.PHONE_REJECTED)
    if isinstance(error, ServiceRefused):
        return Outcome(category, Reason.SERVICE_REFUSED)
    if isinstance(error, OutcomeUnknown):
        return Outcome(category, Reason.OUTCOME_UNKNOWN)
    return Outcome(category, Reason.SERVICE_FAILED)
