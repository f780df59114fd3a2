"""The one connection to the API server, and what can go wrong with it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from kubernetes.aio import client, config
from kubernetes.aio.client.exceptions import ApiException

from anmc.errors import SettingsInvalid

REQUEST_TIMEOUT: Final = 10.0
"""Seconds for one request; the client's own default is five minutes, longer than a Lease lives."""

KUBE_ERRORS: Final = (ApiException, aiohttp.ClientError, TimeoutError, OSError)
"""Everything a request to the API server raises when it fails."""

NOT_FOUND: Final = 404
CONFLICT: Final = 409
GONE: Final = 410


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of a failed request; None when no answer came."""
    return error.status if isinstance(error, ApiException) else None


@asynccontextmanager
async def connect() -> AsyncIterator[client.ApiClient]:
    """Open the connection: in the cluster by service account, else by kubeconfig.

    Raises:
        SettingsInvalid: there is no usable configuration.
    """
    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except config.ConfigException:
        try:
            # Read here, since the client has read the variable at its import; None is its default place.
            path = os.environ.get("KUBECONFIG") or None
            await config.load_kube_config(path, client_configuration=configuration)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001  # the client reads what it finds there unchecked
            raise SettingsInvalid(
                f"KUBECONFIG: no usable configuration ({type(error).__name__})",
                remedy="Run in a cluster, or set KUBECONFIG to the path of a kubeconfig.",
            ) from None
    async with client.ApiClient(configuration) as api:
        yield api
    await asyncio.sleep(0)  # let aiohttp's transports say goodbye before the loop closes
