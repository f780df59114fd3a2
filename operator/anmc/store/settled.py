"""Settled pairs, packed (sync.md F1).

A million links have to fit into a few hundred megabytes, and almost all of a link is its hashes. So the names of
the fields are stored once for each set of names, and a side that agrees with the other costs one byte.
"""

from collections.abc import Mapping
from typing import Final

from anmc.rules.remembered import SettledPair

_SAME: Final = 255
"""Stands where the length of the person's hash would stand, when it equals the profile's."""


def names_of(settled: Mapping[str, SettledPair]) -> tuple[str, ...]:
    """Return the field names in the order in which `pack` takes their pairs."""
    return tuple(sorted(settled))


def pack(settled: Mapping[str, SettledPair]) -> bytes:
    """Pack the pairs: for each a length and the profile's hash, then the same of the person, or one byte."""
    packed = bytearray()
    for name in names_of(settled):
        pair = settled[name]
        packed += _measured(pair.profile)
        packed += bytes([_SAME]) if pair.person == pair.profile else _measured(pair.person)
    return bytes(packed)


def unpack(names: tuple[str, ...], packed: bytes) -> dict[str, SettledPair]:
    """Return what was packed under these names."""
    settled = {}
    start = 0
    for name in names:
        end = start + 1 + packed[start]
        profile = person = packed[start + 1 : end]
        start = end + 1
        if packed[end] != _SAME:
            start += packed[end]
            person = packed[end + 1 : start]
        settled[name] = SettledPair(profile, person)
    return settled


def _measured(digest: bytes) -> bytes:
    if len(digest) >= _SAME:
        raise ValueError("not a hash: too long")
    return bytes([len(digest)]) + digest
