"""Stages for whole runs: with the services in reach, and with a network in between that breaks."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

# What several test modules share lives beside them, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from anmc.store.store import Store
from support.sync_stage import Stage
from sync.memory_store import MemoryStore
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


@pytest.fixture(scope="session")
def memory_stores() -> Iterator[list[MemoryStore]]:
    """Stores that no test uses at the moment."""
    stores: list[MemoryStore] = []
    yield stores
    for store in stores:
        asyncio.run(store.close())


@pytest.fixture
def new_world(memory_stores: list[MemoryStore]) -> Iterator[Callable[[], World]]:
    """Make worlds, each with services and an empty store of its own."""
    used: list[MemoryStore] = []

    def make() -> World:
        store = memory_stores.pop() if memory_stores else MemoryStore()
        used.append(store)
        store.lose()
        return World(store)

    yield make
    memory_stores += used


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    return new_world()
