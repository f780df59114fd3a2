"""Origins of services that specs may name (api.md 8)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from typing_extensions import override

from anmc.errors import OriginNotAllowed, SettingsInvalid

_SETTING: Final = "ANMC_ALLOWED_ORIGINS"

_PORTS: Final = {"http": 80, "https": 443}
"""The two schemes with their default ports."""

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
"""A name or an address in lower case; IPv6 without its brackets."""

_ANY_LABEL: Final = "*."
"""Prefix of a host that stands for one label and no more."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a service; the host is in lower case, IPv6 without brackets."""

    scheme: str
    host: str
    port: int

    @override
    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    def covers(self, other: "Origin") -> bool:
        """Say whether `other` is this origin; a leading `*.` of ours stands for exactly one label."""
        if (self.scheme, self.port) != (other.scheme, other.port):
            return False
        if not self.host.startswith(_ANY_LABEL):
            return self.host == other.host
        label, _, parent = other.host.partition(".")
        return bool(label) and parent == self.host.removeprefix(_ANY_LABEL)


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The process setting `ANMC_ALLOWED_ORIGINS`, taken apart."""

    entries: tuple[Origin, ...]

    @classmethod
    def parse(cls, text: str) -> "AllowedOrigins":
        """Read comma-separated origins such as `https://*.mcommons.com,https://actionnetwork.org`.

        Raises:
            SettingsInvalid: names the setting and the place of the entry in it.
        """
        entries = [entry for part in text.split(",") if (entry := part.strip())]
        if not entries:
            raise _bad_setting("it names no origin")
        return cls(tuple(_read_entry(entry, place) for place, entry in enumerate(entries, start=1)))

    def check(self, url: str, *, field: str) -> Origin:
        """Return the origin of a service address; `field` is the spec field that holds it.

        Raises:
            OriginNotAllowed: the address is no bare origin, or the setting does not list it.
        """
        origin = _read(url)
        if origin is None:
            raise OriginNotAllowed(
                f"{field} is not an origin: it must be a scheme, a host and at most a port",
                remedy=f"Write it like https://service.example.org; {_SETTING} lists what is allowed.",
            )
        if not any(entry.covers(origin) for entry in self.entries):
            raise OriginNotAllowed(
                f"{field} names {origin}, which {_SETTING} does not list",
                remedy=f"Correct {field}, or have the origin added to {_SETTING}.",
            )
        return origin


def _read(url: str) -> Origin | None:
    """Return the origin of a URL that consists of nothing else, without the parser's own lenience."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    default = _PORTS.get(parts.scheme)
    host = parts.hostname or ""
    if default is None or not _is_bare(url, parts) or not _HOST.fullmatch(host):
        return None
    return Origin(parts.scheme, host, port or default)


def _is_bare(url: str, parts: SplitResult) -> bool:
    # Characters that the parser drops or bends would make us check another address than the one written.
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    return is_plain and "@" not in parts.netloc and parts.path in {"", "/"} and "?" not in url and "#" not in url


def _read_entry(entry: str, place: int) -> Origin:
    scheme, separator, host = entry.partition("://")
    is_pattern = host.startswith(_ANY_LABEL)
    origin = _read(f"{scheme}{separator}{host.removeprefix(_ANY_LABEL)}")
    if origin is None:
        raise _bad_setting(f"entry {place} is not an origin such as https://service.example.org")
    if not is_pattern:
        return origin
    if origin.scheme != "https":
        raise _bad_setting(f"entry {place} has a * without https; an http origin must be listed in full")
    if "." not in origin.host or ":" in origin.host:
        raise _bad_setting(f"entry {place} has a * in front of less than a domain")
    return Origin(origin.scheme, f"{_ANY_LABEL}{origin.host}", origin.port)


def _bad_setting(problem: str) -> SettingsInvalid:
    return SettingsInvalid(f"{_SETTING}: {problem}", remedy="Correct the variable and start again.")
