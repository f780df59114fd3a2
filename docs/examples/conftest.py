"""Fixtures for tests of a pipeline against the simulators; put them beside your own tests."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest


@dataclass(frozen=True)
class Simulators:
    """Both services of one process, and their control API."""

    mobile_commons: str
    action_network: str
    http: httpx.Client

    def control(self, method: str, path: str, body: dict[str, Any] | None = None, **query: str | int) -> Any:
        """Act, or ask for something."""
        answer = self.http.request(method, f"{self.mobile_commons}/_sim/{path}", json=body, params=query)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def simulators() -> Iterator[Simulators]:
    """One process for all tests, with the limits of the real services; its first line says where they are."""
    command = [sys.executable, "-m", "anmc_simulators", "serve", "--lag", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, httpx.Client() as http:
        assert process.stdout is not None
        yield Simulators(**json.loads(process.stdout.readline()), http=http)
        process.terminate()


@pytest.fixture
def accounts(simulators: Simulators) -> Iterator[dict[str, Any]]:
    """A fresh account on each side for one test; its faults end with the test."""
    yield simulators.control("POST", "accounts", {})
    simulators.control("POST", "reset")
