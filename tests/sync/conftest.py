"""Stages for whole runs: with the services in reach, and with them on loopback ports under a network that breaks."""

import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

# What several test modules share lives beside them, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.sync_stage import Stage
from sync.world import Ports, World, serving_both


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Two empty accounts and an empty store."""
    opened = await Stage.open(tmp_path)
    yield opened
    await opened.store.close()


@pytest.fixture
async def ports() -> AsyncIterator[Ports]:
    async with serving_both() as ports:
        yield ports


@pytest.fixture
async def new_world(ports: Ports, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[World]]]:
    """Make worlds one after the other; each takes both ports over from the one before."""
    async with contextlib.AsyncExitStack() as stack:
        made = 0

        async def make() -> World:
            nonlocal made
            made += 1
            return await stack.enter_async_context(World.begin(ports, tmp_path / f"{made}.db"))

        yield make


@pytest.fixture
async def world(new_world: Callable[[], Awaitable[World]]) -> World:
    return await new_world()
