import asyncio

from anmc.clients.turnstile import Turnstile


async def test_one_goes_through_in_each_pass_of_the_loop_in_the_order_of_coming() -> None:
    turnstile, through, seen = Turnstile(), list[int](), list[int]()

    async def go(number: int) -> None:
        await turnstile.pass_through()
        through.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(go(number))
        while len(through) < 5:
            await asyncio.sleep(0)
            seen.append(len(through))

    assert through == [0, 1, 2, 3, 4]
    assert all(after - before <= 1 for before, after in zip([0, *seen], seen, strict=False))


async def test_who_is_cancelled_while_waiting_keeps_nobody_from_going_through() -> None:
    turnstile = Turnstile()
    first, second, third = (asyncio.create_task(turnstile.pass_through()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([first, second, third])

    assert second.cancelled()
    assert first.exception() is third.exception() is None
