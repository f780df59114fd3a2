"""The key of the hashes: made once, kept here or given from outside, never exchanged (operations.md 8)."""

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.errors import SettingsInvalid
from anmc.store.schema import hash_key

HASH_KEY: Final = "ANMC_HASH_KEY"

_KEY_BYTES: Final = 32
"""Randomness of a new key: as much as the hash has. It is written in hexadecimal digits, so that it can be moved
into `ANMC_HASH_KEY` as it is."""

_FINGERPRINTED: Final = b"anmc hash key"
"""What the fingerprint hashes; no hash of a person's data starts so (rules/hashing.py puts a separator)."""


@dataclass(frozen=True, slots=True)
class HashKey:
    """The key in force; `was_erased` says that the stored copy has just been removed."""

    key: bytes = field(repr=False)
    was_erased: bool = False


async def settle_hash_key(connection: AsyncConnection, given: bytes | None) -> HashKey:
    """Return the key in force, given from outside or kept in the store; the first call decides for good.

    Raises:
        SettingsInvalid: the given key is not the one that the stored hashes were made with, or is missing.
    """
    stored = (await connection.execute(select(hash_key.c.key, hash_key.c.fingerprint))).one_or_none()
    if stored is None:
        return await _first_key(connection, given)
    if given is None:
        return _kept_key(stored)
    if not hmac.compare_digest(_fingerprint(given), stored.fingerprint):
        raise SettingsInvalid(
            f"{HASH_KEY} is not the key that this store was written with",
            remedy="Set the former key; hashes cannot be converted, so a new key needs an empty store.",
        )
    if stored.key is not None:
        await connection.execute(update(hash_key).values(key=None))
    return HashKey(given, was_erased=stored.key is not None)


async def _first_key(connection: AsyncConnection, given: bytes | None) -> HashKey:
    key = given or secrets.token_hex(_KEY_BYTES).encode()
    kept = None if given else key
    await connection.execute(insert(hash_key).values(id=1, key=kept, fingerprint=_fingerprint(key)))
    return HashKey(key)


def _kept_key(stored: Row[bytes | None, bytes]) -> HashKey:
    if stored.key is None:
        raise SettingsInvalid(
            f"{HASH_KEY} is missing: the key of this store is kept outside of it",
            remedy="Set it to the key that the store was written with.",
        )
    return HashKey(stored.key)


def _fingerprint(key: bytes) -> bytes:
    return hmac.new(key, _FINGERPRINTED, sha256).digest()
