"""An event loop whose time is its own: nobody waits, and a wait that nothing would ever end is an error."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from typing_extensions import override

T = TypeVar("T")

EPOCH: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Stuck(Exception):
    """Every task waits and no timer is set: nothing would ever happen again."""


class _Selector(selectors.BaseSelector):
    """Lets time jump to the next timer where a real selector would wait for it."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.seconds = 0.0

    @override
    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    @override
    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.seconds += max(0.0, timeout)
        return []

    @override
    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    @override
    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs in virtual time; without network, threads and signals."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    @override
    def time(self) -> float:
        return self._virtual.seconds


class VirtualClock:
    """The clock of the running virtual loop."""

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run_in_virtual_time(play: Callable[[VirtualClock], Awaitable[T]]) -> T:
    """Run a story to its end; seconds of it take no time."""

    async def begin() -> T:
        return await play(VirtualClock())

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(begin())
