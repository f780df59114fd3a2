"""The control API of a running server, as the commands use it."""

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

TIMEOUT: Final = 30.0
"""Seconds; the journal of a long run is the slowest answer but for a seed."""


class Failed(Exception):
    """A running server refused, or there is none; the text is one line for a person."""


class Remote:
    """One running server, reached at the base URL of either service."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Ask for something; parameters that are None are left out."""
        return self._ask("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, Any], *, timeout: float = TIMEOUT) -> Any:
        """Act; members that are None are left out."""
        return self._ask("POST", path, body=body, timeout=timeout)

    def delete(self, path: str) -> Any:
        """Withdraw something."""
        return self._ask("DELETE", path)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        timeout: float = TIMEOUT,
    ) -> Any:
        try:
            answer = httpx.request(
                method,
                f"{self._url}/_sim{path}",
                params=_present(query or {}),
                json=None if body is None else _present(body),
                timeout=timeout,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Failed(f"no simulator answers at {self._url}; start one with `anmc-simulators serve`") from error
        try:
            document = answer.json()
        except json.JSONDecodeError as error:
            raise Failed(f"what answers at {self._url} is no simulator") from error
        if answer.is_error:
            raise Failed(str(document.get("error", document)) if isinstance(document, dict) else str(document))
        return document


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
