"""Parsons, the connectors that others wrote for both services, in the environment of `tools/setup parsons`."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]

_PYTHON: Final = REPOSITORY / ".venv-parsons" / "bin" / "python"
_DRIVER: Final = Path(__file__).with_name("parsons_driver.py")


class ParsonsRaised(Exception):
    """An exception that Parsons let out; `kind` is the name of its class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Returned:
    """What a method returned, and the seconds that it took; a table is a list of rows."""

    value: Any
    seconds: float


class Parsons:
    """The process in that environment; it makes one call after the other, as Parsons does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.version: str = self._read()["version"]

    def action_network(self, *, key: str) -> "Connector":
        """Return the connector of a list."""
        return Connector(self, "ActionNetwork", {"api_token": key})

    def mobile_commons(self, *, token: str, company: str) -> "Connector":
        """Return the connector of a company."""
        return Connector(self, "MobileCommons", {"api_key": token, "company_id": company})

    def ask(self, **question: object) -> dict[str, Any]:
        """Hand a line to the process and return its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(question)}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("the process with Parsons in it has ended; it said why on its standard error")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True, slots=True)
class Connector:
    """One of the connectors with its credentials; a new one is made for each call."""

    parsons: Parsons
    name: str
    credentials: dict[str, str]

    def call(self, method: str, /, **arguments: object) -> Any:
        """Return what a method returns.

        Raises:
            ParsonsRaised: the method raised something.
        """
        return self.time(method, **arguments).value

    def time(self, method: str, /, **arguments: object) -> Returned:
        """Return what a method returns and how long that took; raises as `call` does."""
        answer = self.parsons.ask(connector=self.name, credentials=self.credentials, method=method, arguments=arguments)
        if "raised" in answer:
            raise ParsonsRaised(answer["raised"], answer["message"])
        return Returned(answer["value"], answer["seconds"])


@contextmanager
def running_parsons(*, action_network: str, mobile_commons: str) -> Iterator[Parsons]:
    """Run Parsons against two origins for the length of the block."""
    if not _PYTHON.exists():
        raise RuntimeError("Parsons is not installed in this checkout: tools/setup parsons")
    with subprocess.Popen(
        [_PYTHON, _DRIVER, action_network, mobile_commons],
        env={"PATH": os.environ["PATH"], "TESTING": "1"},  # TESTING is how Parsons is told to log less
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Parsons(process)  # leaving closes its input, which ends it
