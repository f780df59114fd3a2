"""Faults of the bytes of an answer to a request that is carried out."""

import asyncio
import gzip
import zlib
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from starlette.responses import Response
from typing_extensions import override

from anmc_simulators.fault_kinds.kind import Place, Proceed, RequestFault, Surroundings, with_body
from anmc_simulators.frame.arrival import Arrival

_MIB: Final = 1024 * 1024
_GZIP: Final = 31
"""The `wbits` of zlib for a stream with the header of gzip."""


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError("no such encoding") from error
    return name


class EmptyBody(RequestFault):
    """The request is carried out, and the answer has no body."""

    name = "empty-body"
    place = Place.BYTES

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        return with_body(await proceed(arrival), b"")


class Truncated(RequestFault):
    """The document ends early, in an answer that is complete as far as HTTP knows."""

    name = "truncated"
    place = Place.BYTES
    keep: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.5

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        body = bytes(response.body)
        return with_body(response, body[: int(len(body) * self.keep)])


class Malformed(RequestFault):
    """The document has an error in its syntax at the very end, behind all of its records."""

    name = "malformed"
    place = Place.BYTES

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        body = bytes(response.body).rstrip()
        is_xml = body.startswith(b"<")
        return with_body(response, body[:-1] + (b"</response>" if is_xml else b",]"))


class WrongCharset(RequestFault):
    """The bytes are in another encoding than the header says."""

    name = "wrong-charset"
    place = Place.BYTES
    declared: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$", max_length=100)] = "utf-8"
    encoded: Annotated[str, AfterValidator(_known_encoding)] = "utf-16"

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        media_type = response.headers.get("Content-Type", "text/plain").partition(";")[0]
        response.headers["Content-Type"] = f"{media_type}; charset={self.declared}"
        text = bytes(response.body).decode(errors="replace")
        return with_body(response, text.encode(self.encoded, errors="replace"))


class WrongContentEncoding(RequestFault):
    """The header says that the body is compressed, which it is not."""

    name = "wrong-content-encoding"
    place = Place.BYTES
    declared: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$", max_length=100)] = "gzip"

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        response.headers["Content-Encoding"] = self.declared
        return response


class BrokenGzip(RequestFault):
    """The body is compressed, and its stream is damaged half-way."""

    name = "broken-gzip"
    place = Place.BYTES

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        packed = gzip.compress(bytes(response.body))
        response.headers["Content-Encoding"] = "gzip"
        half = len(packed) // 2
        return with_body(response, packed[:half] + bytes(len(packed) - half))


class DecompressionBomb(RequestFault):
    """The body is compressed, and followed by so much white space that it unpacks to `mebibytes`."""

    name = "decompression-bomb"
    place = Place.BYTES
    mebibytes: Annotated[int, Field(ge=1, le=1024)] = 256

    @override
    async def hit(self, around: Surroundings, arrival: Arrival, proceed: Proceed) -> Response:
        response = await proceed(arrival)
        response.headers["Content-Encoding"] = "gzip"
        return with_body(response, await asyncio.to_thread(_bomb, bytes(response.body), self.mebibytes))


def _bomb(body: bytes, mebibytes: int) -> bytes:
    packer, blank = zlib.compressobj(wbits=_GZIP), b" " * _MIB
    return b"".join([packer.compress(body), *(packer.compress(blank) for _ in range(mebibytes)), packer.flush()])
