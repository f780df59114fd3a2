"""Secrets: read at the start of each run, kept nowhere."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from kubernetes.aio.client import ApiClient, CoreV1Api
from kubernetes.aio.client.exceptions import ApiException

from anmc.api.names import CREDENTIALS_LABEL
from anmc.cluster.connection import KUBE_ERRORS, NOT_FOUND, REQUEST_TIMEOUT
from anmc.errors import PermissionDenied, SecretKeyMissing, SecretNotFound, ServiceUnavailable

_FORBIDDEN = (401, 403)


class Secrets:
    """Reads the Secrets that specs name, in the namespace of the spec."""

    def __init__(self, api: ApiClient) -> None:
        self._api = CoreV1Api(api)

    async def read(self, namespace: str, name: str) -> dict[str, str]:
        """Return the decoded keys of one Secret.

        Raises:
            SecretNotFound: there is no such Secret.
            SecretKeyMissing: a value is no text.
            PermissionDenied: the service account may not read it.
            ServiceUnavailable: the API server did not answer.
        """
        try:
            secret = await self._api.read_namespaced_secret(name, namespace, _request_timeout=REQUEST_TIMEOUT)
        except ApiException as error:
            if error.status == NOT_FOUND:
                raise SecretNotFound(
                    f'Secret "{name}" does not exist in namespace "{namespace}"',
                    remedy="Create it; the operator looks again every minute.",
                ) from None
            if error.status in _FORBIDDEN:
                raise PermissionDenied(
                    f'The operator may not read Secret "{name}" in namespace "{namespace}"',
                    remedy="Give its service account the verb get on secrets there.",
                ) from None
            raise ServiceUnavailable(f'The API server could not read Secret "{name}" ({error.status})') from None
        except KUBE_ERRORS as error:
            kind = type(error).__name__
            raise ServiceUnavailable(f'The API server did not answer for Secret "{name}" ({kind})') from None
        try:
            return {key: base64.b64decode(value).decode() for key, value in (secret.data or {}).items()}
        except (binascii.Error, UnicodeDecodeError):
            raise SecretKeyMissing(
                f'Secret "{name}" holds a value that is not text', remedy="Store tokens as plain text."
            ) from None

    async def may_watch(self, namespaces: Sequence[str]) -> bool:
        """Whether labelled Secrets may be listed in every served namespace; without it rotation waits for a run."""
        options: dict[str, Any] = {
            "limit": 1,
            "label_selector": f"{CREDENTIALS_LABEL}=true",
            "_request_timeout": REQUEST_TIMEOUT,
        }
        try:
            if not namespaces:
                await self._api.list_secret_for_all_namespaces(**options)
            for namespace in namespaces:
                await self._api.list_namespaced_secret(namespace, **options)
        except ApiException as error:
            if error.status in _FORBIDDEN:
                return False
            raise
        return True
