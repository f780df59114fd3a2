"""The installed `anmc-operator` as a process, with what it says about itself."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from support.waiting import NeverHappened, wait_for

SCRIPT: Final = Path(sys.executable).parent / "anmc-operator"

LogLine = dict[str, Any]

Found = TypeVar("Found")


class OperatorProcess:
    """One process. Its store is `anmc.db` in the directory, so that a second one there goes on with it."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.store = directory / "anmc.db"
        number = len(list(directory.glob("*.log")))
        self._log, self._errors = directory / f"operator-{number}.log", directory / f"operator-{number}.err"
        with self._log.open("wb") as log, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [SCRIPT],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(directory),
                    "ANMC_DATABASE_URL": f"sqlite:///{self.store}",
                    "ANMC_HTTP_ADDRESS": "127.0.0.1:0",
                    **settings,
                },
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
            )

    def wait_until(self, role: str) -> "OperatorProcess":
        """Return when `/readyz` says that the process is ready in a role."""

        def look() -> bool | None:
            try:
                answer = httpx.get(f"{self._url()}/readyz")
            except httpx.TransportError:
                return None
            return (answer.is_success and answer.json()["role"] == role) or None

        self.wait_for(f"the operator is {role}", look)
        return self

    def wait_for_log(self, event: str, **fields: object) -> LogLine:
        """Return the first line of the log with an event name and these fields."""

        def look() -> LogLine | None:
            return next(
                (line for line in self.log() if line["event"] == event and fields.items() <= line.items()), None
            )

        return self.wait_for(f"the log has {event} with {fields}", look)

    def wait_for(self, what: str, look: Callable[[], Found | None]) -> Found:
        """Wait for something that the living process brings about."""

        def look_while_it_lives() -> Found | None:
            found = look()
            if found is None and self._process.poll() is not None:
                raise NeverHappened(f"the operator ended with {self._process.returncode} before {what}")
            return found

        try:
            return wait_for(what, look_while_it_lives)
        except NeverHappened as error:
            error.add_note(self._last_words())
            raise

    def log(self) -> list[LogLine]:
        """Return the whole lines of the log so far."""
        text = self._log.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def log_text(self) -> str:
        """Return everything that was written to standard output and standard error."""
        return self._log.read_text() + self._errors.read_text()

    def errors(self) -> list[str]:
        """Return the lines of standard error."""
        return self._errors.read_text().splitlines()

    def metrics(self) -> list[str]:
        """Return the lines of `/metrics`."""
        return httpx.get(f"{self._url()}/metrics").raise_for_status().text.splitlines()

    def metric(self, series: str) -> float:
        """Return the value of one series, 0 while it is not there."""
        return next((float(line.split()[-1]) for line in self.metrics() if line.startswith(f"{series} ")), 0.0)

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def terminate(self) -> int:
        """Ask it to end, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait_for_exit()

    def wait_for_exit(self) -> int:
        """Return the exit code of a process that ends."""
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            failure = NeverHappened("the operator did not end")
            failure.add_note(self._last_words())
            raise failure from None

    def kill(self) -> None:
        """End it without a chance to say goodbye, if it has not ended by itself."""
        self._process.kill()
        self._process.wait()

    def _url(self) -> str:
        started = next((line for line in self.log() if line["event"] == "operator.started"), None)
        if started is None:
            raise httpx.ConnectError("it does not listen yet")
        return f"http://127.0.0.1:{started['port']}"

    def _last_words(self) -> str:
        return "\n".join(self.log_text().splitlines()[-25:])
