import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import Reason
from anmc.rules.phone import PhoneProblem, PhoneReading, is_american, read_phone
from anmc.rules.records import Phone

NORTH_AMERICA = frozenset({1})


def read(text: str | None, *, region: str = "US", codes: frozenset[int] = NORTH_AMERICA) -> PhoneReading:
    return read_phone(text, default_region=region, allowed_country_codes=codes)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("+12025550123", id="N1-with-plus"),
        pytest.param("12025550123", id="N1-stored-form-of-both-services"),
        pytest.param("2025550123", id="N1-digits-in-default-region"),
        pytest.param("(202) 555-0123", id="N1-as-people-write-it"),
        pytest.param("1.202.555.0123", id="N1-dots-and-long-distance-prefix"),
        pytest.param(" (+1) 202\N{NO-BREAK SPACE}555\N{NON-BREAKING HYPHEN}0123 ", id="N1-pasted-marks"),
        pytest.param("202/555-0123", id="N1-slash"),
    ],
)
def test_spellings_of_one_number_are_one_number(text: str) -> None:
    assert read(text) == Phone("+12025550123")


@pytest.mark.rule("N3")
@pytest.mark.parametrize("text", [None, "", "   ", "\N{SYMBOL FOR NULL}"])
def test_nothing_written_is_a_missing_number(text: str | None) -> None:
    assert read(text) == PhoneProblem(Reason.PHONE_MISSING)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("202-555-0123 ext. 5", id="N2-extension-in-words"),
        pytest.param("2025550123x5", id="N2-extension-x"),
        pytest.param("202-555-0123 #5", id="N2-extension-hash"),
        pytest.param("+12025550123;ext=5", id="N2-extension-uri"),
        pytest.param("555-0123", id="N2-too-short"),
        pytest.param("202-555-01234", id="N2-a-digit-too-many"),
        pytest.param("112025550123", id="N2-prefix-twice-is-not-cut-off"),
        pytest.param("+112025550123", id="N2-prefix-after-the-calling-code"),
        pytest.param("1202555012", id="N2-a-digit-too-few"),
        pytest.param("202-555-0123 or 202-555-0124", id="N2-two-numbers"),
        pytest.param("44000000000", id="N2-digits-that-are-a-number-nowhere"),
        pytest.param("call 2025550123", id="N2-words"),
        pytest.param("202+5550123", id="N2-plus-inside"),
        pytest.param("+", id="N2-plus-alone"),
        pytest.param("0", id="N2-zero"),
        pytest.param("800-555-0199", id="N2-toll-free"),
        pytest.param("+1 900 555 0123", id="N2-premium"),
        pytest.param("202555012\N{ARABIC-INDIC DIGIT THREE}", id="N2-foreign-digits"),
    ],
)
def test_what_is_no_mobile_number_is_refused_rather_than_made_to_fit(text: str) -> None:
    assert read(text) == PhoneProblem(Reason.INVALID_PHONE)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("+44 7400 123456", id="N2-with-plus"),
        pytest.param("447400123456", id="N2-stored-form"),
    ],
)
def test_a_country_that_is_not_listed_is_named_as_the_reason(text: str) -> None:
    assert read(text) == PhoneProblem(Reason.COUNTRY_NOT_ALLOWED)


def test_a_foreign_number_without_its_code_is_never_guessed() -> None:
    assert read("07400 123456", codes=frozenset({1, 44})) == PhoneProblem(Reason.INVALID_PHONE)


def test_an_allowed_foreign_number_is_read() -> None:
    assert read("+44 7400 123456", codes=frozenset({1, 44})) == Phone("+447400123456")


def test_a_trunk_prefix_belongs_to_its_region() -> None:
    assert read("07400 123456", region="GB", codes=frozenset({44})) == Phone("+447400123456")


@pytest.mark.parametrize(
    ("codes", "reading"),
    [
        pytest.param({1}, Phone("+16595550123"), id="N2-one-usable-reading-is-taken"),
        pytest.param({65}, Phone("+6595550123"), id="N2-the-other-one-where-only-that-is-allowed"),
        pytest.param({1, 65}, PhoneProblem(Reason.INVALID_PHONE), id="N2-two-usable-readings-are-none"),
    ],
)
def test_bare_digits_are_read_only_when_they_can_mean_one_number(codes: set[int], reading: PhoneReading) -> None:
    assert read("6595550123", codes=frozenset(codes)) == reading


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param("+12025550123", True, id="N8-a-US-number"),
        pytest.param("+14165550123", False, id="N8-a-Canadian-number-with-the-same-code"),
        pytest.param("+6595550123", False, id="N8-another-code"),
    ],
)
def test_the_region_of_a_number_is_more_than_its_calling_code(number: str, *, expected: bool) -> None:
    assert is_american(Phone(number)) == expected


@given(st.integers(min_value=100, max_value=199))
def test_reading_what_is_stored_gives_the_same_number(line: int) -> None:
    phone = read(f"(202) 555-0{line}")

    assert isinstance(phone, Phone)
    assert read(phone.e164) == phone
    assert read(phone.digits) == phone


@given(st.text(max_size=20))
def test_no_text_breaks_the_reading(text: str) -> None:
    reading = read(text)

    assert isinstance(reading, Phone | PhoneProblem)


def test_a_number_does_not_show_in_a_representation() -> None:
    assert "2025550123" not in repr(read("2025550123"))
