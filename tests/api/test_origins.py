"""Which service addresses a spec may name (api.md 8, operations.md 13)."""

import pytest

from anmc.api.origins import AllowedOrigins, Origin
from anmc.errors import OriginNotAllowed, SettingsInvalid

DEFAULT_SETTING = "https://*.mcommons.com,https://actionnetwork.org"
LOOPBACK_SETTING = f"{DEFAULT_SETTING}, http://127.0.0.1:8081 ,http://[::1]:8082,"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        pytest.param("https://secure.mcommons.com", "https://secure.mcommons.com", id="one-label"),
        pytest.param("HTTPS://Example.MCommons.COM:443/", "https://example.mcommons.com", id="canonical"),
        pytest.param("https://actionnetwork.org", "https://actionnetwork.org", id="exact"),
        pytest.param("http://127.0.0.1:8081", "http://127.0.0.1:8081", id="listed-address"),
        pytest.param("http://[::1]:8082", "http://[::1]:8082", id="listed-ipv6-address"),
    ],
)
def test_a_listed_origin_is_allowed(url: str, origin: str) -> None:
    allowed = AllowedOrigins.parse(LOOPBACK_SETTING)

    assert str(allowed.check(url, field="spec.actionNetwork.url")) == origin


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://mcommons.com", id="star-is-not-nothing"),
        pytest.param("https://.mcommons.com", id="star-is-not-an-empty-label"),
        pytest.param("https://a.b.mcommons.com", id="star-is-one-label"),
        pytest.param("https://evilmcommons.com", id="star-ends-at-a-dot"),
        pytest.param("https://secure.mcommons.com.example.org", id="suffix"),
        pytest.param("https://secure.mcommons.com:8443", id="other-port"),
        pytest.param("http://secure.mcommons.com", id="other-scheme"),
        pytest.param("http://actionnetwork.org:443", id="other-scheme-same-port"),
        pytest.param("https://actionnetwork.org.", id="trailing-dot"),
        pytest.param("http://127.0.0.1", id="address-on-another-port"),
        pytest.param("http://2130706433:8081", id="address-in-disguise"),
        pytest.param("https://169.254.169.254", id="metadata-address"),
        pytest.param("https://user@actionnetwork.org", id="user-info"),
        pytest.param("https://actionnetwork.org@example.org", id="user-info-in-disguise"),
        pytest.param("https://actionnetwork.org/api", id="path"),
        pytest.param("https://actionnetwork.org?x=1", id="query"),
        pytest.param("https://actionnetwork.org#x", id="fragment"),
        pytest.param("https://actionnetwork.org#", id="empty-fragment"),
        pytest.param("https://action\tnetwork.org", id="tab-that-parsers-drop"),
        pytest.param("https://actionnetwork.org\\.example.org", id="backslash"),
        pytest.param("https://actionnetwork.org:99999", id="impossible-port"),
        pytest.param("https://[::1", id="broken-address"),
        pytest.param("https://\u0430ctionnetwork.org", id="look-alike"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("actionnetwork.org", id="no-scheme"),
        pytest.param("", id="empty"),
    ],
)
def test_everything_else_is_refused_with_field_and_setting(url: str) -> None:
    allowed = AllowedOrigins.parse(LOOPBACK_SETTING)

    with pytest.raises(OriginNotAllowed) as caught:
        allowed.check(url, field="spec.mobileCommons.url")

    assert "spec.mobileCommons.url" in caught.value.message
    assert "ANMC_ALLOWED_ORIGINS" in caught.value.sentence


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(OriginNotAllowed) as caught:
        AllowedOrigins.parse(DEFAULT_SETTING).check("https://me:canary@example.org", field="spec.mobileCommons.url")

    assert "canary" not in caught.value.sentence


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        pytest.param(" , ", "names no origin", id="empty"),
        pytest.param("https://a.example.org,example.org", "entry 2 is not an origin", id="no-scheme"),
        pytest.param("http://*.example.org", "entry 1 has a * without https", id="star-over-http"),
        pytest.param("https://*.org", "entry 1 has a * in front of less", id="star-over-a-top-level"),
        pytest.param("https://*", "entry 1 is not an origin", id="star-alone"),
        pytest.param("https://a.*.example.org", "entry 1 is not an origin", id="star-inside"),
        pytest.param("https://a*.example.org", "entry 1 is not an origin", id="star-in-a-label"),
        pytest.param("https://*.[::1]", "entry 1 has a * in front of less", id="star-over-an-address"),
        pytest.param("https://example.org/api", "entry 1 is not an origin", id="path"),
    ],
)
def test_a_bad_entry_is_a_settings_error(setting: str, problem: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"^ANMC_ALLOWED_ORIGINS: ") as caught:
        AllowedOrigins.parse(setting)

    assert problem in caught.value.message


def test_an_origin_writes_itself_without_its_default_port() -> None:
    assert [str(Origin("https", "a.example.org", 443)), str(Origin("http", "::1", 443))] == [
        "https://a.example.org",
        "http://[::1]:443",
    ]
