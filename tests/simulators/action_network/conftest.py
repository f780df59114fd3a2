"""One group of the simulated Action Network, spoken to over ASGI HTTP, on a clock that stands still."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from anmc_simulators.action_network.app import create_app
from anmc_simulators.action_network.state import ActionNetwork, Group
from anmc_simulators.clock import Clock
from anmc_simulators.journal import Journal

KEY = "an-key-of-an-example-group"
NOW = datetime(2026, 1, 31, 9, 8, 7, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(lambda: NOW)


@pytest.fixture
def service(clock: Clock) -> ActionNetwork:
    return ActionNetwork(clock, Journal())


@pytest.fixture
def group(service: ActionNetwork) -> Group:
    return service.add_group(KEY, custom_fields=["sms_opt_in", "sms_source"])


@pytest.fixture
async def api(service: ActionNetwork, group: Group) -> AsyncIterator[httpx.AsyncClient]:
    assert service.groups[KEY] is group
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(service)),
        base_url="http://action-network.example.org/api/v2",
        headers={"OSDI-API-Token": KEY},
    ) as client:
        yield client
