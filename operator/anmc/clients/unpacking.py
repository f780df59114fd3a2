"""Reading the body of an answer without trusting its size."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

from anmc.clients.failures import Unreadable

MAX_BODY_BYTES: Final = 32 * 1024 * 1024
"""Largest body after unpacking; a page of 1000 large profiles stays well below (operations.md 13)."""

_STEP: Final = 256 * 1024
"""Bytes unpacked at a time, so that a few packed bytes cannot take the whole limit at once."""

_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16
"""Tells zlib to expect a gzip header."""


async def read_body(chunks: AsyncIterator[bytes], *, encoding: str | None) -> bytes:
    """Collect a body, unpacked; memory stays within the limit even for a body made to burst.

    Raises:
        Unreadable: too large, truncated, damaged, or packed in a way that was not asked for.
    """
    body = bytearray()
    match (encoding or "identity").strip().lower():
        case "identity":
            async for chunk in chunks:
                _append(body, chunk)
        case "gzip" | "x-gzip":
            await _unpack(chunks, body)
        case _:
            raise Unreadable
    return bytes(body)


async def _unpack(chunks: AsyncIterator[bytes], body: bytearray) -> None:
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    async for packed in chunks:
        rest = packed
        while rest and not unpacker.eof:
            _append(body, _inflate(unpacker, rest))
            rest = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise Unreadable


def _inflate(unpacker: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return unpacker.decompress(packed, _STEP)
    except zlib.error:
        pass  # raised below, outside of the handler, so that nothing of the answer is chained to it
    raise Unreadable


def _append(body: bytearray, chunk: bytes) -> None:
    if len(body) + len(chunk) > MAX_BODY_BYTES:
        raise Unreadable
    body += chunk
