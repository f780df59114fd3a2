import pytest

from anmc import errors
from anmc.api.names import ConditionReason
from anmc.errors import AnmcError, Interrupted, Retry, SkipRecord, Stall

FATES = (Stall, Retry, SkipRecord, Interrupted)


def every_error() -> list[type[AnmcError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, AnmcError)]
    return [error for error in found if error not in {AnmcError, Stall, Retry, SkipRecord}]


@pytest.mark.parametrize("error", every_error())
def test_an_error_has_one_fate(error: type[AnmcError]) -> None:
    assert sum(issubclass(error, fate) for fate in FATES) == 1


@pytest.mark.parametrize("error", every_error())
def test_an_error_is_listed_where_the_module_shows_the_tree(error: type[AnmcError]) -> None:
    assert error.__name__ in (errors.__doc__ or "")


def test_reasons_tell_errors_apart() -> None:
    reasons = [error.reason for error in every_error()]

    assert len(set(reasons)) == len(reasons)
    assert AnmcError.reason not in reasons


@pytest.mark.parametrize(
    "error", [error for error in every_error() if issubclass(error, Stall) and error is not errors.SettingsInvalid]
)
def test_what_stalls_has_a_reason_that_conditions_know(error: type[AnmcError]) -> None:
    assert ConditionReason(error.reason).value == error.reason


@pytest.mark.parametrize(
    ("remedy", "sentence"),
    [
        ("", "The Secret does not exist"),
        ("Create it.", "The Secret does not exist. Create it."),
    ],
)
def test_the_sentence_says_what_failed_and_what_to_do(remedy: str, sentence: str) -> None:
    error = errors.SecretNotFound("The Secret does not exist", remedy=remedy)

    assert error.sentence == sentence
    assert str(error) == "The Secret does not exist"


def test_a_retry_knows_no_wait_unless_the_service_asked_for_one() -> None:
    assert errors.RateLimited("Too many requests").after is None
