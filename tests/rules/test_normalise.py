import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.rules.normalise import FieldKind, canonical, email_or_none, kind_of, written

COUNTRIES = ["", "US", "usa", "United States", "CA", "Canada", "de"]

# Plain text rarely looks like a ZIP code or a state, so half of the examples are made to.
values = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="0123456789 -", max_size=12),
    st.text(alphabet="aAiI\u0131\u0130ßéÉ\u0301\u0345.@ \x00", max_size=12),
    st.sampled_from(["new york", "N.Y.", "Washington, D.C.", "U.S.A.", "ana@example.org", "02134-1234"]),
)


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("email", FieldKind.EMAIL),
        ("postal_code", FieldKind.POSTAL_CODE),
        ("state", FieldKind.STATE),
        ("country", FieldKind.COUNTRY),
        ("first_name", FieldKind.TEXT),
        ("custom.state", FieldKind.TEXT),
    ],
)
def test_a_field_is_compared_by_its_mobile_commons_name(field: str, kind: FieldKind) -> None:
    assert kind_of(field) is kind


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        pytest.param(FieldKind.EMAIL, " Ana@Example.org", "ana@example.ORG", id="N4-case-and-margin"),
        pytest.param(FieldKind.TEXT, " Ana ", "Ana", id="N5-margin"),
        pytest.param(FieldKind.TEXT, "Jose\u0301", "Jos\u00e9", id="N5-composed-or-not"),
        pytest.param(FieldKind.TEXT, "An\x00a", "Ana", id="N5-control-character"),
        pytest.param(FieldKind.TEXT, "\N{SYMBOL FOR NULL}", "", id="N5-mark-for-empty"),
        pytest.param(FieldKind.POSTAL_CODE, "02134-1234", "02134", id="N6-zip-plus-four"),
        pytest.param(FieldKind.POSTAL_CODE, "021341234", "02134", id="N6-zip-plus-four-without-hyphen"),
        pytest.param(FieldKind.POSTAL_CODE, "2134", "02134", id="N6-lost-zero"),
        pytest.param(FieldKind.POSTAL_CODE, "2134 - 1234", "02134", id="N6-lost-zero-before-plus-four"),
        pytest.param(FieldKind.POSTAL_CODE, "2 1 3 4", "02134", id="N6-spaced-out"),
        pytest.param(FieldKind.POSTAL_CODE, "k1a 0b1", "K1A0B1", id="N6-no-zip-at-all"),
        pytest.param(FieldKind.STATE, "New  York", "ny", id="N7-name-and-code"),
        pytest.param(FieldKind.STATE, "Washington, D.C.", "DC", id="N7-capital"),
        pytest.param(FieldKind.STATE, "puerto rico", "PR", id="N7-territory"),
        pytest.param(FieldKind.STATE, "Bavaria", "BAVARIA", id="N7-unknown-name"),
        pytest.param(FieldKind.COUNTRY, "U.S.A.", "us", id="N8-initials"),
        pytest.param(FieldKind.COUNTRY, "united states", "US", id="N8-name"),
        pytest.param(FieldKind.COUNTRY, " ca", "CA", id="N8-other-code"),
    ],
)
def test_two_spellings_are_the_same(kind: FieldKind, one: str, other: str) -> None:
    assert canonical(kind, one) == canonical(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        pytest.param(FieldKind.EMAIL, "a.na@example.org", "ana@example.org", id="N4-dots-count"),
        pytest.param(FieldKind.EMAIL, "ana+x@example.org", "ana@example.org", id="N4-plus-tags-count"),
        pytest.param(FieldKind.TEXT, "ana", "Ana", id="N5-case-counts"),
        pytest.param(FieldKind.TEXT, "Null", "", id="N5-null-is-a-name"),
        pytest.param(FieldKind.POSTAL_CODE, "02134", "02135", id="N6-other-zip"),
        pytest.param(FieldKind.STATE, "Virginia", "West Virginia", id="N7-other-state"),
    ],
)
def test_two_values_differ(kind: FieldKind, one: str, other: str) -> None:
    assert canonical(kind, one) != canonical(kind, other)


def test_a_zip_code_abroad_keeps_all_of_its_characters() -> None:
    assert canonical(FieldKind.POSTAL_CODE, "2134", country="AU") == "2134"
    assert canonical(FieldKind.POSTAL_CODE, "10115-1234", country="DE") == "10115-1234"


def test_a_state_abroad_is_not_taken_for_one_of_the_united_states() -> None:
    assert canonical(FieldKind.STATE, "Georgia", country="ZA") == "GEORGIA"


@pytest.mark.parametrize(
    "text",
    ["", "  ", None, "ana", "ana@", "@example.org", "a@b@example.org", "ana banana@example.org", "a\t@example.org@"],
)
def test_an_unusable_email_is_empty(text: str | None) -> None:
    assert email_or_none(text) is None
    assert canonical(FieldKind.EMAIL, text) == ""


def test_an_email_is_sent_as_its_source_spells_it() -> None:
    assert email_or_none(" Ana.B+sms@Example.org ") == "Ana.B+sms@Example.org"


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        pytest.param(FieldKind.TEXT, " Ana\x07 Maria", " Ana Maria", id="N5-control-characters-only"),
        pytest.param(FieldKind.TEXT, "\N{SYMBOL FOR NULL}", "", id="N5-mark-for-empty"),
        pytest.param(FieldKind.TEXT, "   ", "", id="N5-blank-is-empty"),
        pytest.param(FieldKind.TEXT, None, "", id="N5-absent-is-empty"),
        pytest.param(FieldKind.TEXT, "A\ud800na", "Ana", id="N5-half-a-surrogate-pair"),
        pytest.param(FieldKind.POSTAL_CODE, "2134", "02134", id="N6-short-zip-is-padded"),
        pytest.param(FieldKind.POSTAL_CODE, "02134-1234", "02134-1234", id="N6-zip-plus-four-is-not-cut"),
        pytest.param(FieldKind.POSTAL_CODE, "K1A 0B1", "K1A 0B1", id="N6-no-zip-stays"),
        pytest.param(FieldKind.STATE, "California", "CA", id="N7-code"),
        pytest.param(FieldKind.STATE, "Bavaria", "Bavaria", id="N7-unknown-name-stays"),
        pytest.param(FieldKind.COUNTRY, "usa", "US", id="N8-code"),
        pytest.param(FieldKind.COUNTRY, "Canada", "Canada", id="N8-other-name-stays"),
        pytest.param(FieldKind.COUNTRY, "", "", id="N8-empty-stays-empty"),
    ],
)
def test_a_value_is_written(kind: FieldKind, value: str | None, sent: str) -> None:
    assert written(kind, value) == sent


@given(kind=st.sampled_from(FieldKind), value=values, country=st.sampled_from(COUNTRIES))
def test_normalising_twice_equals_once(kind: FieldKind, value: str, country: str) -> None:
    once = canonical(kind, value, country=country)

    assert canonical(kind, once, country=country) == once


@given(kind=st.sampled_from(FieldKind), value=values, country=st.sampled_from(COUNTRIES))
def test_writing_a_value_does_not_change_it(kind: FieldKind, value: str, country: str) -> None:
    sent = written(kind, value, country=country)

    assert canonical(kind, sent, country=country) == canonical(kind, value, country=country)
    assert written(kind, sent, country=country) == sent


@given(kind=st.sampled_from(FieldKind), value=st.text(alphabet=st.characters(), max_size=20))
def test_every_form_can_be_encoded_and_joined(kind: FieldKind, value: str) -> None:
    for form in (canonical(kind, value), written(kind, value)):
        assert b"\x1f" not in form.encode()
