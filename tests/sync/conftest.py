"""Stages for whole runs: with the services in reach, and with a network in between that breaks."""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

# What several test modules share lives beside them, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from anmc.store.store import Store
from support.sync_stage import Stage
from sync.world import World


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, to copy: to make its schema takes longer than most runs."""
    file = tmp_path_factory.mktemp("store") / "empty.db"

    async def make() -> None:
        await (await Store.open(f"sqlite:///{file}")).close()

    asyncio.run(make())
    return file


@pytest.fixture
async def stage(tmp_path: Path, empty_store: Path) -> AsyncIterator[Stage]:
    """Two empty accounts and an empty store."""
    shutil.copyfile(empty_store, tmp_path / "anmc.db")
    opened = await Stage.open(tmp_path)
    yield opened
    await opened.store.close()


@pytest.fixture
async def new_world(tmp_path: Path, empty_store: Path) -> AsyncIterator[Callable[[], Awaitable[World]]]:
    """Make worlds, each with services and a store of its own."""
    async with contextlib.AsyncExitStack() as stack:
        made = 0

        async def make() -> World:
            nonlocal made
            made += 1
            file = shutil.copyfile(empty_store, tmp_path / f"{made}.db")
            return await stack.enter_async_context(World.begin(file))

        yield make


@pytest.fixture
async def world(new_world: Callable[[], Awaitable[World]]) -> World:
    return await new_world()
