"""The end of a run whose credentials are refused: what it had in hand gets an outcome (sync.md W15, I9)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from anmc.api.names import Category, Reason
from anmc.errors import AnmcError, AuthenticationFailed, PermissionDenied
from anmc.rules.outcomes import Outcome
from anmc.sync.ports import Changes
from anmc.sync.run import RunContext

REFUSALS: Final = (AuthenticationFailed, PermissionDenied)
"""Errors that no later try can mend: a person has to change the Secret."""


@asynccontextmanager
async def reporting_refusals(context: RunContext) -> AsyncIterator[None]:
    """Count the records that a refusal has cut off; the error goes on to end the run.

    The positions stay, so that the next run decides about these records again. It starts afresh, as the counts of
    this one are reported.
    """
    try:
        yield
    except Exception as error:
        if (refusal := _find_refusal(error)) is not None:
            context.tally.give_up(Outcome(Category.VALIDATION_ERROR, Reason(refusal.reason)))
            direction = context.order.direction
            positions = await context.memory.positions(direction)
            await context.remember(Changes(positions={direction: replace(positions, checkpoint=None)}))
        raise


def _find_refusal(error: Exception) -> AnmcError | None:
    """Look for a refusal among the errors of tasks that failed side by side."""
    if isinstance(error, REFUSALS):
        return error
    inner = error.exceptions if isinstance(error, ExceptionGroup) else ()
    return next((found for each in inner if (found := _find_refusal(each)) is not None), None)
