from typing import Any, cast

import pytest

from anmc.api.origins import AllowedOrigins
from anmc.clients.clock import SystemClock
from anmc.clients.pacing.pacers import Pacers
from anmc.cluster.secrets import Secrets
from anmc.controller.services import Services
from anmc.errors import OriginNotAllowed, SecretKeyMissing, SecretNotFound
from support.controlled import a_spec
from support.metrics_page import new_metrics


class FakeSecrets:
    """Secrets in memory, and who asked for which."""

    def __init__(self) -> None:
        self.data: dict[str, dict[str, str]] = {
            "mobile-commons": {"token": "sesame"},
            "action-network": {"token": "open"},
        }
        self.read_names: list[str] = []

    async def read(self, namespace: str, name: str) -> dict[str, str]:
        assert namespace == "riverside"
        self.read_names.append(name)
        if name not in self.data:
            raise SecretNotFound(name)
        return self.data[name]


@pytest.fixture
def secrets() -> FakeSecrets:
    return FakeSecrets()


@pytest.fixture
def services(secrets: FakeSecrets) -> Services:
    origins = AllowedOrigins.parse("https://*.mcommons.com,https://actionnetwork.org")
    return Services(cast("Secrets", secrets), origins, Pacers(SystemClock()), new_metrics())


async def open_and_hash(services: Services, **spec: Any) -> bytes:
    async with services.open("riverside", a_spec(**spec), lambda: None) as opened:
        assert opened.calls.mobile_commons == opened.calls.action_network == 0
        return opened.secrets


async def test_services_are_opened_with_the_secrets_of_this_moment(services: Services, secrets: FakeSecrets) -> None:
    first = await open_and_hash(services)
    secrets.data["action-network"] = {"token": "changed"}
    second = await open_and_hash(services)

    assert first != second


async def test_a_refused_reading_can_be_recognised(services: Services) -> None:
    assert await open_and_hash(services) == await services.fingerprint("riverside", a_spec())


@pytest.mark.parametrize(
    "data",
    [{"token": "other"}, {"token": "open", "more": ""}, {"tokenopen": ""}, {"token": "open\0more\0"}],
)
async def test_secrets_that_differ_at_all_have_another_hash(
    services: Services, secrets: FakeSecrets, data: dict[str, str]
) -> None:
    before = await services.fingerprint("riverside", a_spec())
    secrets.data["action-network"] = data

    assert await services.fingerprint("riverside", a_spec()) != before


async def test_the_hash_does_not_depend_on_the_order_of_the_keys(services: Services, secrets: FakeSecrets) -> None:
    secrets.data["action-network"] = {"token": "open", "login": "ana"}
    before = await services.fingerprint("riverside", a_spec())
    secrets.data["action-network"] = {"login": "ana", "token": "open"}

    assert await services.fingerprint("riverside", a_spec()) == before


@pytest.mark.parametrize("field", ["mobileCommons__url", "actionNetwork__url"])
async def test_an_origin_that_is_not_allowed_is_refused_before_a_secret_is_read(
    services: Services, secrets: FakeSecrets, field: str
) -> None:
    with pytest.raises(OriginNotAllowed, match=r"spec\.\w+\.url"):
        await open_and_hash(services, **{field: "https://elsewhere.example.org"})

    assert secrets.read_names == []


async def test_a_secret_without_its_key_is_told(services: Services, secrets: FakeSecrets) -> None:
    secrets.data["action-network"] = {"login": "ana"}

    with pytest.raises(SecretKeyMissing, match="action-network"):
        await open_and_hash(services)


async def test_an_opened_integration_knows_what_its_credentials_allow_also_later(services: Services) -> None:
    spec = a_spec(actionNetwork__maxRequestsPerMinute=60, mobileCommons__maxConcurrentRequests=5)
    async with services.open("riverside", spec, lambda: None) as opened:
        pace = opened.pace

    assert pace is not None
    assert (pace.requests_per_second(), pace.concurrency()) == (1.0, 5)


async def test_integrations_that_share_credentials_share_what_these_allow(services: Services) -> None:
    slow = a_spec(actionNetwork__maxRequestsPerMinute=60)
    async with (
        services.open("riverside", a_spec(), lambda: None) as one,
        services.open("riverside", slow, lambda: None) as other,
    ):
        assert one.pace is not None
        assert other.pace is not None
        assert one.pace.requests_per_second() == other.pace.requests_per_second() == 1.0
