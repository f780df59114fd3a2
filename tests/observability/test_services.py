"""What the log says about the two services (operations.md 4)."""

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from anmc.observability.services import ServiceHistory
from anmc.sync.ports import Service

MOBILE_COMMONS, ACTION_NETWORK = Service


@pytest.mark.parametrize(
    ("happens", "lines"),
    [
        pytest.param(
            lambda history: history.halved(ACTION_NETWORK, 1.95),
            [{"event": "rate.halved", "log_level": "info", "service": "action_network", "per_second": 1.95}],
            id="rate-halved",
        ),
        pytest.param(lambda history: history.halved(MOBILE_COMMONS, 25), [], id="concurrency-halved"),
        pytest.param(
            lambda history: history.degraded(MOBILE_COMMONS, code="503"),
            [{"event": "service.degraded", "log_level": "warning", "service": "mobile_commons", "code": "503"}],
            id="degraded",
        ),
        pytest.param(
            lambda history: history.recovered(ACTION_NETWORK, failures=7, seconds=12.34567),
            [
                {
                    "event": "service.recovered",
                    "log_level": "info",
                    "service": "action_network",
                    "failures": 7,
                    "seconds": 12.346,
                }
            ],
            id="recovered",
        ),
    ],
)
def test_each_change_is_one_line(happens: Callable[[ServiceHistory], None], lines: list[dict[str, Any]]) -> None:
    with capture_logs() as written:
        happens(ServiceHistory())

    assert written == lines
