"""Opens both services for one run, with the credentials as they are now."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

from anmc.api.credentials import read_action_network, read_mobile_commons
from anmc.api.origins import AllowedOrigins
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import Calls
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.connections import Connections
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.cluster.secrets import Secrets
from anmc.sync.ports import ActionNetwork, Gate, MobileCommons, RequestMeter


@dataclass(frozen=True, slots=True)
class Pace:
    """Tells what the pacers of both credentials allow at the moment of asking, also between runs."""

    requests_per_second: Callable[[], float]
    concurrency: Callable[[], float]


@dataclass(frozen=True, slots=True)
class OpenServices:
    """Both services, ready for calls.

    `secrets` is the hash of the Secrets that they were opened with, `people` that of the Action Network key and its
    origin: one key is one list of people.
    """

    mobile_commons: MobileCommons
    action_network: ActionNetwork
    secrets: bytes
    people: bytes
    pace: Pace | None = None

    @property
    def calls(self) -> Calls:
        """Requests sent so far."""
        return Calls(mobile_commons=self.mobile_commons.calls, action_network=self.action_network.calls)


class Services:
    """Knows how a spec becomes two clients; credentials are read anew each time and kept nowhere."""

    def __init__(self, secrets: Secrets, origins: AllowedOrigins, pacers: Pacers, meter: RequestMeter) -> None:
        self._secrets = secrets
        self._origins = origins
        self._pacers = pacers
        self._connections = Connections()
        self._meter = meter

    async def fingerprint(self, namespace: str, spec: DataSyncIntegrationSpec) -> bytes:
        """Hash both Secrets as they are now, to see whether a refused one was changed.

        Raises:
            SecretNotFound, SecretKeyMissing, PermissionDenied, ServiceUnavailable: as reading them does.
        """
        references = (spec.mobile_commons.credentials_secret_ref, spec.action_network.credentials_secret_ref)
        return _hash(*[await self._secrets.read(namespace, reference.name) for reference in references])

    @asynccontextmanager
    async def open(self, namespace: str, spec: DataSyncIntegrationSpec, gate: Gate) -> AsyncIterator[OpenServices]:
        """Open both services of a spec.

        Raises:
            OriginNotAllowed, SecretNotFound, SecretKeyMissing, PermissionDenied: before anything is sent.
        """
        commons, network = spec.mobile_commons, spec.action_network
        commons_origin = self._origins.check(commons.url, field="spec.mobileCommons.url")
        network_origin = self._origins.check(network.url, field="spec.actionNetwork.url")
        commons_secret, network_secret = commons.credentials_secret_ref.name, network.credentials_secret_ref.name
        commons_data = await self._secrets.read(namespace, commons_secret)
        network_data = await self._secrets.read(namespace, network_secret)
        commons_login = read_mobile_commons(commons_data, secret=commons_secret)
        network_login = read_action_network(network_data, secret=network_secret)
        async with (
            MobileCommonsClient(
                MobileCommonsAccount(
                    commons_origin,
                    commons_login,
                    commons_secret,
                    company_key=commons.company_key,
                    max_concurrent_requests=commons.max_concurrent_requests,
                ),
                pacers=self._pacers,
                gate=gate,
                meter=self._meter,
                connections=self._connections,
            ) as mobile_commons,
            ActionNetworkClient(
                ActionNetworkAccount(
                    network_origin,
                    network_login,
                    network_secret,
                    max_requests_per_minute=network.max_requests_per_minute,
                ),
                pacers=self._pacers,
                gate=gate,
                meter=self._meter,
                connections=self._connections,
            ) as action_network,
        ):
            yield OpenServices(
                mobile_commons,
                action_network,
                _hash(commons_data, network_data),
                sha256(f"{network_origin}\0{network_login.token}".encode()).digest(),
                Pace(action_network.allowed_requests_per_second, mobile_commons.allowed_concurrency),
            )


def _hash(*secrets: Mapping[str, str]) -> bytes:
    """Hash what Secrets hold, so that two readings can be compared and nothing is kept."""
    return sha256(repr([sorted(data.items()) for data in secrets]).encode()).digest()
