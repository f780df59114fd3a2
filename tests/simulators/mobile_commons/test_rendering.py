"""Any text in an answer, read with another's parser."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from anmc_simulators.clock import Clock
from anmc_simulators.journal import Journal
from anmc_simulators.mobile_commons import rendering
from anmc_simulators.mobile_commons.records import Source
from anmc_simulators.mobile_commons.state import MobileCommons

START = datetime(2025, 3, 1, 10, 0, 0, tzinfo=UTC)


def carried(text: str) -> str:
    """What XML 1.0 can carry of a text, by its production 2."""
    return "".join(
        letter
        for letter in text
        if letter in "\t\n\r" or " " <= letter <= "\ud7ff" or "\ue000" <= letter <= "\ufffd" or letter >= "\U00010000"
    )


@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from("<>&\"'\t\n\r\x00\ud800\uffff]")))
def test_any_text_arrives_but_for_what_xml_cannot_carry(text: str) -> None:
    company = MobileCommons(Clock(lambda: START), Journal()).create_company(columns=["column"])
    profile = company.add_profile(
        "12025550123", source=Source("API", text), values={"first_name": text, "column": text}
    )

    element = etree.fromstring(rendering.success(rendering.profile(company, profile)))

    assert element.findtext("profile/first_name") == carried(text)
    assert element.xpath("profile/source/@name") == [carried(text)]
    column = element.findtext("profile/custom_columns/custom_column") or ""
    assert column == (f"\n{carried(text)}        " if text else "")


def test_an_error_is_an_element_without_text_of_its_own() -> None:
    (error,) = etree.fromstring(rendering.failure(5, 'Invalid "phone" <number>'))

    assert (error.tag, error.items()) == ("error", [("id", "5"), ("message", 'Invalid "phone" <number>')])
