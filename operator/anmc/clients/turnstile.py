"""Keeps tasks apart that would go on together."""

import asyncio


class Turnstile:
    """Lets one task through in each pass of the event loop, in the order in which they came.

    Answers to requests that went out together come together. Taken up together, each of them would wait at every
    step for the steps of all others, and the next requests would go out together again. One by one, the first of
    them is done and its successor on its way while the others wait (decision 0013).
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def pass_through(self) -> None:
        """Wait for a pass of the loop that is nobody else's."""
        async with self._lock:
            await asyncio.sleep(0)
