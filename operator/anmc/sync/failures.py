"""What becomes of a record whose call failed: an outcome, so that the others go on."""

from anmc.api.names import Category, Reason
from anmc.errors import AnmcError, OutcomeUnknown, PersonGone, PhoneRejected, RateLimited, ServiceRefused
from anmc.errors import ServiceUnavailable as Unavailable
from anmc.rules.outcomes import Outcome
from anmc.sync.ports import Service

RECORD_ERRORS = (PersonGone, PhoneRejected, ServiceRefused, OutcomeUnknown, Unavailable, RateLimited)
"""Errors that concern one record; all others end the run."""


def failed(error: AnmcError, service: Service) -> Outcome:
    """Turn the error of one record's call into its outcome (sync.md section 8)."""
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
