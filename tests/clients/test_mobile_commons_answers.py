"""XML of Mobile Commons with its quirks (mobile-commons-api.md 2, 3, 7)."""

from datetime import UTC, datetime

import pytest

from anmc.clients.calls import Answer
from anmc.clients.failures import Denied, Refused, Unreadable
from anmc.clients.mobile_commons.answers import profile_reader, read_campaigns, read_profiles, read_subscribers
from anmc.clients.mobile_commons.xml import read_payload
from anmc.rules.records import Campaign, Phone, Profile, ProfileId, SubscriberRow, Subscription

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

ADA = """
<profile id="700000001">
  <first_name>Ada</first_name>
  <last_name/>
  <phone_number>12025550123</phone_number>
  <email> ada@example.org
  </email>
  <status>Active Subscriber</status>
  <created_at>2025-01-10 15:04:05 UTC</created_at>
  <updated_at>2025-03-01 00:12:30 UTC</updated_at>
  <opted_out_at/>
  <source type="API" name="AN Sync" email="an-sync@example.org"/>
  <address><street1>1 Sample St</street1><street2/><city>Washington</city><postal_code>20001</postal_code></address>
  <last_saved_location><city>Elsewhere</city><postal_code>99999</postal_code></last_saved_location>
  <custom_columns>
    <custom_column name="an_person_id" updated_at="2025-01-10T15:04:05Z">
0b1e6c1e-0000-4000-8000-000000000001        </custom_column>
    <custom_column name="Date of Birth"/>
  </custom_columns>
  <subscriptions>
    <subscription campaign_id="200001" campaign_name="General " opt_in_path_id="300001" status="Active"
      created_at="2025-01-10T15:04:05Z" activated_at="2025-01-10T15:04:05Z" opted_out_at="" opt_out_source=""/>
    <subscription campaign_id="200002" opt_in_path_id="" status="Opted-Out" activated_at=""
      opted_out_at="2025-02-01T00:00:00Z"/>
  </subscriptions>
  <integrations>
    <integration constituent_id="" type="Salesforce" synchronized_at=""/>
    <integration constituent_id="action_network:0B1E6C1E-0000-4000-8000-000000000001" type="Action Network"/>
    <integration constituent_id="1234" type="Salesforce"/>
    <integration constituent_id="" type="ActionNetwork"/>
  </integrations>
  <clicks> </clicks>
  <new_element since="2030"/>
</profile>
"""

BARE = '<profile id="700000002"><phone_number>12025550124</phone_number><custom_columns>\n </custom_columns></profile>'


def an_answer(document: str | bytes) -> Answer:
    body = document if isinstance(document, bytes) else document.encode()
    return Answer(code="200", body=body, content_type="text/xml", read_at=datetime(2026, 3, 1, tzinfo=UTC))


def response(payload: str) -> Answer:
    return an_answer(f'{DECLARATION}<response success="true">{payload}</response>')


@pytest.mark.rule("F14")
def test_a_profile_reads_with_all_its_quirks() -> None:
    (profile,) = read_profiles(response(f'<profiles num="1" page="1">{ADA}</profiles>')).records

    assert profile == Profile(
        id=ProfileId("700000001"),
        number="12025550123",
        status="Active Subscriber",
        updated_at=datetime(2025, 3, 1, 0, 12, 30, tzinfo=UTC),
        opted_out_at=None,
        values={
            "first_name": "Ada",
            "last_name": "",
            "email": "ada@example.org",
            "street1": "1 Sample St",
            "street2": "",
            "city": "Washington",
            "postal_code": "20001",
            "custom.an_person_id": "0b1e6c1e-0000-4000-8000-000000000001",
            "custom.Date of Birth": "",
        },
        subscriptions=(
            Subscription("200001", "Active", "300001", datetime(2025, 1, 10, 15, 4, 5, tzinfo=UTC), None),
            Subscription("200002", "Opted-Out", None, None, datetime(2025, 2, 1, tzinfo=UTC)),
        ),
        constituent_ids=profile.constituent_ids,
    )
    assert profile.constituent_ids == ("0b1e6c1e-0000-4000-8000-000000000001",)


SYNCED = """<profile id="700000003"><phone_number>12025550125</phone_number><integrations>
  <integration constituent_id="" type="Action Network" synchronized_at="{}"/>
  <integration constituent_id="7" type="Salesforce" synchronized_at="2026-03-02T09:00:00Z"/>
</integrations></profile>"""


@pytest.mark.parametrize(
    ("text", "synchronized_at"),
    [
        pytest.param("2026-03-01T07:00:00Z", datetime(2026, 3, 1, 7, tzinfo=UTC), id="written"),
        pytest.param("2026-03-01 07:00:00 UTC", datetime(2026, 3, 1, 7, tzinfo=UTC), id="in-the-other-spelling"),
        pytest.param("", None, id="never-written"),
        pytest.param("yesterday", None, id="no-time"),
    ],
)
def test_a_profile_shows_when_the_vendor_s_own_sync_wrote_it(text: str, synchronized_at: datetime | None) -> None:
    """What other systems of the vendor do is nobody's business here."""
    (profile,) = read_profiles(response(f'<profiles num="1" page="1">{SYNCED.format(text)}</profiles>')).records

    assert profile.synchronized_at == synchronized_at


def test_absent_containers_read_as_empty() -> None:
    (profile,) = read_profiles(response(f'<profiles num="1" page="1">{BARE}</profiles>')).records

    assert (profile.values, profile.subscriptions, profile.constituent_ids) == ({}, (), ())
    assert (profile.status, profile.updated_at, profile.opted_out_at) == (None, None, None)


def test_a_page_past_the_end_is_empty() -> None:
    page = read_profiles(response('<profiles num="0" page="2">\n  </profiles>'))

    assert (page.records, page.is_end) == ((), True)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(f'<profiles num="2" page="1">{BARE}</profiles>', id="fewer-than-it-says"),
        pytest.param(f'<profiles num="0" page="1">{BARE}</profiles>', id="more-than-it-says"),
        pytest.param(f'<profiles page="1">{BARE}</profiles>', id="says-nothing"),
        pytest.param("<groups/>", id="another-payload"),
        pytest.param("", id="no-payload"),
    ],
)
def test_a_damaged_page_is_unreadable(payload: str) -> None:
    with pytest.raises(Unreadable):
        read_profiles(response(payload))


def test_subscriber_rows_read_with_both_dates() -> None:
    rows = """<sub><id>800000001</id><profile_id>700000001</profile_id><phone_number>12025550123</phone_number>
        <activated_at>2025-01-10 15:04:05 UTC</activated_at><opted_out_at>2025-03-02 10:00:00 UTC</opted_out_at></sub>
        <sub><id>800000002</id><profile_id>700000003</profile_id><phone_number>12025550125</phone_number>
        <activated_at/><opted_out_at/></sub>"""

    page = read_subscribers(response(f'<subscriptions num="2" page="1">{rows}</subscriptions>'))

    assert page.records == (
        SubscriberRow(
            ProfileId("700000001"),
            "12025550123",
            datetime(2025, 1, 10, 15, 4, 5, tzinfo=UTC),
            datetime(2025, 3, 2, 10, 0, 0, tzinfo=UTC),
        ),
        SubscriberRow(ProfileId("700000003"), "12025550125", None, None),
    )


def test_campaigns_read_with_their_paths() -> None:
    campaigns = """<campaigns><campaign id="200001" active="true"><name>General </name><opt_in_paths>
        <opt_in_path id="300001" active="true"><name>Web</name></opt_in_path><opt_in_path id="300002" active="false"/>
        </opt_in_paths></campaign><campaign id="200002" active="false"><name>Old</name></campaign></campaigns>"""

    assert read_campaigns(response(campaigns)) == [
        Campaign("200001", is_active=True, opt_in_paths=frozenset({"300001", "300002"})),
        Campaign("200002", is_active=False, opt_in_paths=frozenset()),
    ]


def test_an_answer_about_another_number_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        profile_reader(Phone("+12025550199"))(response(BARE))


@pytest.mark.parametrize(
    ("error", "error_id"),
    [
        pytest.param('<error id="5" message="Invalid phone number"/>', 5, id="known"),
        pytest.param('<error id="99" message="Something"/>', 99, id="unknown"),
        pytest.param('<error message="Something"/>', None, id="no-id"),
        pytest.param('<error id="12025550123"/>', None, id="no-plausible-id"),
        pytest.param("", None, id="no-error"),
    ],
)
def test_a_failure_keeps_its_error_id_and_nothing_else(error: str, error_id: int | None) -> None:
    with pytest.raises(Refused) as caught:
        read_payload(an_answer(f'{DECLARATION}<response success="false">{error}</response>'))

    assert (caught.value.error_id, caught.value.code) == (error_id, "app_error")


@pytest.mark.parametrize(
    "page",
    [
        "<html><body>Sign in</body></html>",
        "\n<!DOCTYPE HTML>\n<HTML><form action='/login'>",
        '<!doctype html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
        f'{DECLARATION}<!DOCTYPE html PUBLIC "x"><html xmlns="http://www.w3.org/1999/xhtml"></html>',
        "<!-- cached --><html>",
        "\ufeff<html>",
    ],
)
def test_an_html_page_is_a_log_in(page: str) -> None:
    with pytest.raises(Denied) as caught:
        read_payload(an_answer(page))

    assert caught.value.how == "log-in page"


def test_a_page_of_comments_is_told_from_html_at_once() -> None:
    with pytest.raises(Unreadable):
        read_payload(an_answer("<!---->" * 200 + "<response"))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n ", id="blank"),
        pytest.param(b"OK", id="text"),
        pytest.param(b'{"response": true}', id="json"),
        pytest.param(b'<response success="true"><profiles num="1"', id="truncated"),
        pytest.param(b'<response success="true"><a></b></response>', id="malformed"),
        pytest.param(b'<response success="true"/><response/>', id="two-roots"),
        pytest.param(b"<profiles/>", id="another-root"),
        pytest.param(b"<response><profiles/></response>", id="neither-success-nor-failure"),
        pytest.param(b'<response success="perhaps"/>', id="unknown-success"),
        pytest.param(
            f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><response success="true">&l9;</response>'.encode(), id="laughs"
        ),
        pytest.param(
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><response success="true">&x;</response>',
            id="external-entity",
        ),
        pytest.param(b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><response success="true"/>', id="external-dtd"),
        pytest.param(b'<!doctype r><response success="true"/>', id="doctype-in-lower-case"),
        pytest.param(b'<response success="true">&unknown;</response>', id="unknown-entity"),
        pytest.param('<!DOCTYPE r><response success="true"/>'.encode("utf-16"), id="doctype-in-utf-16"),
        pytest.param(b'<?xml version="1.0" encoding="UTF-7"?><response success="true"/>+ADw-', id="utf-7"),
        pytest.param(b'<response success="true">\xff\xfe</response>', id="not-utf-8"),
        pytest.param(b'<response success="true">' + b"<a>" * 300 + b"</a>" * 300 + b"</response>", id="too-deep"),
        pytest.param(b'<response success="true">\x00</response>', id="null-byte"),
    ],
)
def test_what_is_no_answer_is_unreadable(document: bytes) -> None:
    with pytest.raises(Unreadable):
        read_payload(an_answer(document))


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_payload(an_answer(b'\xef\xbb\xbf<response success="true"/>')).tag == "response"
