import pytest

from anmc.controller.failures import as_error
from anmc.errors import (
    AnmcError,
    AuthenticationFailed,
    Interrupted,
    PersonGone,
    RateLimited,
    RunTimedOut,
    ServiceUnavailable,
)

REFUSED, STOPPED = AuthenticationFailed("Refused"), Interrupted("Stopped")
AWAY, SKIPPED = ServiceUnavailable("Away"), PersonGone("Gone")


def together(*errors: Exception) -> Exception:
    return ExceptionGroup("tasks of a page", [ExceptionGroup("inner", list(errors))])


@pytest.mark.parametrize(
    ("caught", "chosen"),
    [
        (AWAY, AWAY),
        (together(AWAY), AWAY),
        (together(AWAY, REFUSED), REFUSED),
        (together(STOPPED, REFUSED), REFUSED),
        (together(AWAY, STOPPED), STOPPED),
        (together(SKIPPED, AWAY), AWAY),
        (together(TimeoutError(), AWAY), AWAY),
    ],
)
def test_of_several_errors_the_one_that_says_most_is_chosen(caught: Exception, chosen: AnmcError) -> None:
    assert as_error(caught) is chosen


@pytest.mark.parametrize("caught", [TimeoutError(), together(TimeoutError(), TimeoutError())])
def test_a_run_beyond_its_bound_timed_out(caught: Exception) -> None:
    assert isinstance(as_error(caught), RunTimedOut)


@pytest.mark.parametrize(
    "caught", [ValueError("2025550123"), together(RateLimited("Slow"), KeyError("ana@example.org"))]
)
def test_a_defect_is_named_by_its_kind_and_never_by_its_text(caught: Exception) -> None:
    error = as_error(caught)

    assert type(error) is AnmcError
    assert "Error)" in error.message
    assert "2025550123" not in error.sentence
    assert "example.org" not in error.sentence
