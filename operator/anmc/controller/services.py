"""Opens both services for one run, with the credentials as they are now."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

from anmc.api.credentials import read_action_network, read_mobile_commons
from anmc.api.origins import AllowedOrigins
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing import Pacers
from anmc.cluster.secrets import Secrets
from anmc.sync.ports import Gate, RequestMeter


@dataclass(frozen=True, slots=True)
class OpenServices:
    """Both services, ready for calls."""

    mobile_commons: MobileCommonsClient
    action_network: ActionNetworkClient


class Services:
    """Knows how a spec becomes two clients; credentials are read anew each time and kept nowhere."""

    def __init__(self, secrets: Secrets, origins: AllowedOrigins, pacers: Pacers, meter: RequestMeter) -> None:
        self._secrets = secrets
        self._origins = origins
        self._pacers = pacers
        self._meter = meter

    async def fingerprint(self, namespace: str, spec: DataSyncIntegrationSpec) -> bytes:
        """Hash both Secrets as they are now, to see whether a refused one was changed.

        Raises:
            SecretNotFound, SecretKeyMissing, PermissionDenied, ServiceUnavailable: as reading them does.
        """
        digest = sha256()
        for reference in (spec.mobile_commons.credentials_secret_ref, spec.action_network.credentials_secret_ref):
            for key, value in sorted((await self._secrets.read(namespace, reference.name)).items()):
                digest.update(f"{reference.name}\0{key}\0{value}\0".encode())
        return digest.digest()

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
        commons_login = read_mobile_commons(await self._secrets.read(namespace, commons_secret), secret=commons_secret)
        network_login = read_action_network(await self._secrets.read(namespace, network_secret), secret=network_secret)
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
            ) as action_network,
        ):
            yield OpenServices(mobile_commons, action_network)
