"""A server that gives everybody the same answer."""

import asyncio
import contextlib

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: session=1; Path=/\r\n\r\nok"


class PlainServer:
    """Tells connections apart and notes what each request brought."""

    def __init__(self, answer: bytes = OK, *, hangs_up: bool = False) -> None:
        self.answer = answer
        self.hangs_up = hangs_up
        self.opened = 0
        self.open = 0
        self.requests: list[str] = []
        self._connections: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the callback of a listening socket."""
        self.opened += 1
        self.open += 1
        self._connections.add(asyncio.create_task(self._serve(reader, writer)))

    async def all_closed(self) -> None:
        """Wait until the other side, or who hangs up, has closed every connection."""
        await asyncio.gather(*self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
                writer.write(self.answer)
                await writer.drain()
                if self.hangs_up:
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.open -= 1
