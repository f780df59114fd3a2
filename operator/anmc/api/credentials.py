"""Credentials of both services as a Secret holds them (api.md 6)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from anmc.errors import SecretKeyMissing

_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
"""What an HTTP header can carry as one token: printable ASCII without white space."""


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A bearer token of Mobile Commons."""

    noun: ClassVar = "token"
    """What messages call it."""
    secret_keys: ClassVar = ("token",)
    """Where in the Secret a person puts a new one."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BasicLogin:
    """Login and password of a Mobile Commons API user."""

    noun: ClassVar = "login"
    secret_keys: ClassVar = ("username", "password")

    username: str = field(repr=False)
    password: str = field(repr=False)


MobileCommonsCredentials = BearerToken | BasicLogin


@dataclass(frozen=True, slots=True)
class ActionNetworkCredentials:
    """An API key of Action Network; it alone does all calls."""

    noun: ClassVar = "key"
    secret_keys: ClassVar = ("token",)

    token: str = field(repr=False)


def read_mobile_commons(data: Mapping[str, str], *, secret: str) -> MobileCommonsCredentials:
    """Read the credentials of Mobile Commons from the decoded values of a Secret.

    With both a token and a login the token wins: an account that has a token has moved on from passwords.

    Raises:
        SecretKeyMissing: names the Secret and the keys, never a value.
    """
    token, username, password = (_value(data, key) for key in ("token", "username", "password"))
    if token:
        return BearerToken(_checked(token, secret=secret))
    if username and password:
        return BasicLogin(username, password)
    if username or password:
        raise _missing(secret, '"password"' if username else '"username"')
    raise _missing(secret, '"token", or "username" and "password"')


def read_action_network(data: Mapping[str, str], *, secret: str) -> ActionNetworkCredentials:
    """Read the API key of Action Network from the decoded values of a Secret.

    `login` and `password` are checked for presence together and not kept: they are never sent.

    Raises:
        SecretKeyMissing: names the Secret and the keys, never a value.
    """
    token, login, password = (_value(data, key) for key in ("token", "login", "password"))
    if not token:
        raise _missing(secret, '"token"')
    if bool(login) != bool(password):
        raise _missing(secret, '"password"' if login else '"login"')
    return ActionNetworkCredentials(_checked(token, secret=secret))


def _value(data: Mapping[str, str], key: str) -> str:
    return data.get(key, "").strip()


def _checked(token: str, *, secret: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise SecretKeyMissing(
            f'Secret "{secret}" holds no usable value under "token": it has blanks or unusual characters inside',
            remedy='Put the token alone under "token".',
        )
    return token


def _missing(secret: str, keys: str) -> SecretKeyMissing:
    return SecretKeyMissing(f'Secret "{secret}" lacks {keys}, or the value is empty', remedy=f"Add {keys}.")
