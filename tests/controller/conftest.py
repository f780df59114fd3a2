import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog.testing

# The builders that several test modules share live beside the tests, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log out of the output: drawing the traceback of a provoked defect takes a second."""
    with structlog.testing.capture_logs():
        yield
