"""Keyed hashes: what the store keeps in place of people's data (sync.md N9)."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from anmc.rules.records import NumberHash, Phone

_SEPARATOR = b"\x1f"
"""Unit separator: normalised values hold no control characters, so no two inputs collide by joining."""


@dataclass(frozen=True, slots=True)
class Hasher:
    """HMAC-SHA-256 under the process key, over a name and a canonical value."""

    key: bytes = field(repr=False)

    def number(self, phone: Phone) -> NumberHash:
        """Hash a number; equal for both services, whatever their spelling."""
        return NumberHash(self.value("phone_number", phone.e164))

    def value(self, name: str, canonical: str) -> bytes:
        """Hash one canonical value; empty has a hash of its own for each name."""
        return self._digest([name, canonical])

    def fingerprint(self, parts: Iterable[str]) -> bytes:
        """Hash a whole record: the canonical parts in a fixed order."""
        return self._digest(parts)

    def _digest(self, parts: Iterable[str]) -> bytes:
        return hmac.new(self.key, _SEPARATOR.join(part.encode() for part in parts), sha256).digest()
