"""What stopped a run, as one of our own errors."""

from collections.abc import Iterator

from anmc.errors import AnmcError, Interrupted, Retry, RunTimedOut, Stall
from anmc.observability.logs import get_logger

_log = get_logger()


def as_error(caught: Exception) -> AnmcError:
    """Choose the error that a run ended with; a defect is logged with its traceback and stays nameless.

    Tasks of one page fail together: a defect comes before what a person has to change, that before the rest.
    """
    errors = list(_leaves(caught))
    defects = [error for error in errors if not isinstance(error, AnmcError | TimeoutError)]
    if defects:
        _log.error("run.crashed", error_type=type(defects[0]).__name__, exc_info=defects[0])
        return AnmcError(
            f"The operator met a defect of its own ({type(defects[0]).__name__})",
            remedy="The log holds the traceback; please report it.",
        )
    ours = [error for error in errors if isinstance(error, AnmcError)]
    if not ours:
        return RunTimedOut("The run took longer than a run may", remedy="The next run goes on where it stopped.")
    for kind in (Stall, Interrupted, Retry):
        for error in ours:
            if isinstance(error, kind):
                return error
    return ours[0]


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
