from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anmc.store.memory import SqlMemory
from anmc.store.store import Store, StoreScope


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    return tmp_path / "anmc.db"


@pytest.fixture
def store_url(store_file: Path) -> str:
    return f"sqlite:///{store_file}"


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(store_url)
    yield opened
    await opened.close()


@pytest.fixture
def memory(store: Store) -> SqlMemory:
    return store.memory(StoreScope(integration_uid="uid-1", ledger_scope="mc.example.org/acme/all"))
