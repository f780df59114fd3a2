"""Credentials as a Secret holds them (api.md 6)."""

import pytest

from anmc.api.credentials import (
    ActionNetworkCredentials,
    BasicLogin,
    BearerToken,
    read_action_network,
    read_mobile_commons,
)
from anmc.errors import SecretKeyMissing


def test_a_token_makes_a_bearer() -> None:
    assert read_mobile_commons({"token": " abc\n"}, secret="mc") == BearerToken("abc")


def test_username_and_password_make_a_login() -> None:
    data = {"username": " api@example.org ", "password": "pass word\n"}

    assert read_mobile_commons(data, secret="mc") == BasicLogin("api@example.org", "pass word")


def test_a_token_wins_over_a_login() -> None:
    data = {"token": "abc", "username": "api@example.org", "password": "pw"}

    assert read_mobile_commons(data, secret="mc") == BearerToken("abc")


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        pytest.param({}, '"token", or "username" and "password"', id="nothing"),
        pytest.param({"token": " \n"}, '"token", or "username" and "password"', id="blank-token"),
        pytest.param({"username": "u"}, '"password"', id="no-password"),
        pytest.param({"password": "p", "username": ""}, '"username"', id="empty-username"),
    ],
)
def test_what_mobile_commons_lacks_is_named(data: dict[str, str], keys: str) -> None:
    with pytest.raises(SecretKeyMissing) as caught:
        read_mobile_commons(data, secret="mobile-commons")

    assert caught.value.message == f'Secret "mobile-commons" lacks {keys}, or the value is empty'


def test_the_key_of_action_network_stands_alone() -> None:
    assert read_action_network({"token": "abc "}, secret="an") == ActionNetworkCredentials("abc")


def test_login_and_password_of_action_network_are_not_kept() -> None:
    data = {"token": "abc", "login": "me", "password": "pw"}

    assert read_action_network(data, secret="an") == ActionNetworkCredentials("abc")


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        pytest.param({"login": "me", "password": "pw"}, '"token"', id="no-token"),
        pytest.param({"token": "abc", "login": "me"}, '"password"', id="login-alone"),
        pytest.param({"token": "abc", "password": "pw", "login": " "}, '"login"', id="password-alone"),
    ],
)
def test_what_action_network_lacks_is_named(data: dict[str, str], keys: str) -> None:
    with pytest.raises(SecretKeyMissing) as caught:
        read_action_network(data, secret="action-network")

    assert caught.value.message == f'Secret "action-network" lacks {keys}, or the value is empty'


@pytest.mark.parametrize("token", ["two\nlines", "two words", "tökén", "a\x00b"])
def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(token: str) -> None:
    for read in (read_mobile_commons, read_action_network):
        with pytest.raises(SecretKeyMissing) as caught:
            read({"token": token}, secret="s")

        assert token not in caught.value.sentence


def test_no_repr_shows_a_value() -> None:
    shown = repr([BearerToken("canary"), BasicLogin("canary", "canary"), ActionNetworkCredentials("canary")])

    assert "canary" not in shown
