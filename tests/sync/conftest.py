"""A stage for whole runs."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.sync_stage import Stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Two empty accounts and an empty store."""
    opened = await Stage.open(tmp_path)
    yield opened
    await opened.store.close()
