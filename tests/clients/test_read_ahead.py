"""Pages asked for before their turn: in order, bounded, and with no task left behind."""

import asyncio
from collections.abc import Callable

import pytest

from anmc.clients.read_ahead import ReadAhead
from anmc.clients.served import Served
from anmc.errors import ServiceUnavailable
from clients.virtual_time import START, at_rest, other_tasks

SIZE = 2
WIDTH = 3


class Shelf:
    """Pages that a test hands out one by one; `sent` are those asked for."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.sent: list[int] = []
        self.sends_at_once = True
        self._pages: dict[int, asyncio.Future[Served[int]]] = {}
        self._sending: dict[int, Callable[[], None]] = {}

    async def read(self, number: int, on_sent: Callable[[], None]) -> Served[int]:
        self.begun.append(number)
        self._sending[number] = on_sent
        if self.sends_at_once:
            self.send(number)
        return await self._page(number)

    def send(self, number: int) -> None:
        self.sent.append(number)
        self._sending[number]()

    def answer(self, number: int, *records: int, is_end: bool = False) -> None:
        self._page(number).set_result(Served(records, START, is_end=is_end))

    def fail(self, number: int, error: Exception) -> None:
        self._page(number).set_exception(error)

    def _page(self, number: int) -> asyncio.Future[Served[int]]:
        return self._pages.setdefault(number, asyncio.get_running_loop().create_future())


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def ahead(shelf: Shelf) -> ReadAhead[int]:
    return ReadAhead(shelf.read, first=1, size=SIZE, width=WIDTH)


async def take(ahead: ReadAhead[int]) -> tuple[int, ...]:
    """Take a page as a walk does."""
    page = await ahead.take()
    ahead.follow(page)
    await at_rest()
    return page.records


async def prove_length(shelf: Shelf, ahead: ReadAhead[int]) -> None:
    """Take the two full pages behind which others are read ahead."""
    for number in (1, 2):
        shelf.answer(number, 10 * number, 10 * number + 1)
        await take(ahead)


async def test_nothing_is_read_ahead_of_the_first_two_pages(shelf: Shelf, ahead: ReadAhead[int]) -> None:
    async with ahead:
        shelf.answer(1, 10, 11)
        await take(ahead)
        assert shelf.begun == [1]

        shelf.answer(2, 20, 21)
        await take(ahead)
        assert shelf.begun == [1, 2, 3, 4, 5]


async def test_pages_come_in_order_however_they_arrive(shelf: Shelf, ahead: ReadAhead[int]) -> None:
    async with ahead:
        await prove_length(shelf, ahead)
        for number in (5, 4, 3):
            shelf.answer(number, number, number)

        assert [await take(ahead) for _ in range(3)] == [(3, 3), (4, 4), (5, 5)]


async def test_a_slow_page_holds_up_all_but_a_few_behind_it(shelf: Shelf, ahead: ReadAhead[int]) -> None:
    async with ahead:
        await prove_length(shelf, ahead)
        for number in (4, 5):
            shelf.answer(number, number, number)
        waiting = asyncio.create_task(ahead.take())
        await at_rest()

        assert shelf.begun == [1, 2, 3, 4, 5]
        shelf.answer(3, 3, 3)
        await waiting


async def test_a_short_page_ends_the_reading_ahead_until_two_are_full_again(
    shelf: Shelf, ahead: ReadAhead[int]
) -> None:
    async with ahead:
        await prove_length(shelf, ahead)
        shelf.answer(3, 30)
        for number in (4, 5):
            shelf.answer(number, number, number)

        assert [await take(ahead) for _ in range(2)] == [(30,), (4, 4)]
        assert max(shelf.begun) == 5
        await take(ahead)
        assert max(shelf.begun) == 8


async def test_pages_behind_a_short_one_are_given_up_unless_their_requests_are_out(
    shelf: Shelf, ahead: ReadAhead[int]
) -> None:
    async with ahead:
        shelf.answer(1, 10, 11)
        await take(ahead)
        shelf.sends_at_once = False
        shelf.answer(2, 20, 21)
        await take(ahead)
        shelf.send(3)
        shelf.answer(3, 30)
        await at_rest()

        assert {task.get_name() for task in other_tasks()} >= {"page 4"}
        assert "page 5" not in {task.get_name() for task in other_tasks()}


@pytest.mark.parametrize("end", [pytest.param((), id="empty"), pytest.param((30,), id="says-so")])
async def test_what_is_out_beyond_the_end_is_awaited_and_nothing_else_is_asked_for(
    end: tuple[int, ...], shelf: Shelf, ahead: ReadAhead[int]
) -> None:
    async with ahead:
        shelf.answer(1, 10, 11)
        await take(ahead)
        shelf.sends_at_once = False
        shelf.answer(2, 20, 21)
        await take(ahead)
        for number in (3, 4):
            shelf.send(number)
        shelf.answer(3, *end, is_end=True)
        await take(ahead)
        finishing = asyncio.create_task(ahead.finish())
        await at_rest()
        assert not finishing.done()

        shelf.answer(4, 40)

        assert [(number, page) for number, page in await finishing] == [(4, Served((40,), START, is_end=False))]
        assert shelf.sent == [1, 3, 4]


async def test_a_page_that_fails_beyond_the_end_is_told_and_raises_nothing(shelf: Shelf, ahead: ReadAhead[int]) -> None:
    error = ServiceUnavailable("no")
    async with ahead:
        await prove_length(shelf, ahead)
        shelf.answer(3, is_end=True)
        shelf.fail(4, error)
        shelf.answer(5, is_end=True)
        await take(ahead)

        assert [outcome for _, outcome in await ahead.finish()] == [error, Served((), START, is_end=True)]


async def test_a_failure_waits_for_its_turn_and_the_walk_may_go_on_behind_it(
    shelf: Shelf, ahead: ReadAhead[int]
) -> None:
    async with ahead:
        await prove_length(shelf, ahead)
        shelf.fail(4, ServiceUnavailable("no"))
        shelf.answer(3, 30, 31)
        shelf.answer(5, 50, 51)

        assert await take(ahead) == (30, 31)
        with pytest.raises(ServiceUnavailable):
            await ahead.take()
        assert await take(ahead) == (50, 51)


class TestLeaving:
    """Whatever ends the walk, none of its tasks lives on."""

    async def test_early(self, shelf: Shelf, ahead: ReadAhead[int]) -> None:
        async with ahead:
            await prove_length(shelf, ahead)
            assert len(other_tasks()) == WIDTH

        assert other_tasks() == set()

    async def test_by_an_error_of_whoever_reads(self, shelf: Shelf, ahead: ReadAhead[int]) -> None:
        async def walk() -> None:
            async with ahead:
                await prove_length(shelf, ahead)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await walk()

        assert other_tasks() == set()

    async def test_with_failures_that_nobody_asked_for(
        self, shelf: Shelf, ahead: ReadAhead[int], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with ahead:
            await prove_length(shelf, ahead)
            shelf.fail(4, ServiceUnavailable("no"))
            await at_rest()

        assert other_tasks() == set()
        assert caplog.records == []

    async def test_by_cancellation_while_a_page_is_awaited(self, shelf: Shelf, ahead: ReadAhead[int]) -> None:
        async def walk() -> None:
            async with ahead:
                await prove_length(shelf, ahead)
                await ahead.take()

        walking = asyncio.create_task(walk())
        await at_rest()
        walking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walking

        assert other_tasks() == set()

    async def test_by_a_second_cancellation_while_it_cleans_up(self) -> None:
        begun, closing, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def read(number: int, on_sent: Callable[[], None]) -> Served[int]:
            on_sent()
            if number >= 3:
                begun.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    closing.set()
                    await closed.wait()  # a connection that takes its time to close
            return Served((1, 2), START, is_end=False)

        async def walk() -> None:
            async with ReadAhead(read, first=1, size=SIZE, width=1) as ahead:
                for _ in range(2):
                    await take(ahead)
                await asyncio.Event().wait()

        walking = asyncio.create_task(walk())
        await begun.wait()
        walking.cancel()
        await closing.wait()
        walking.cancel()
        closed.set()
        with pytest.raises(asyncio.CancelledError):
            await walking

        assert other_tasks() == set()
