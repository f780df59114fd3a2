import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def occupied_port() -> Iterator[int]:
    """A loopback port on which somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
