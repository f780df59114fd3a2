"""A program that the demo starts, watches and ends."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from demo.errors import DemoError

PATIENCE: Final = 30.0
"""Seconds that a program may take to end after SIGTERM; the operator drains in two or three."""


class Program:
    """A process in a session of its own: Ctrl-C at the terminal reaches the demo alone, which ends it in order."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def check_alive(self) -> None:
        """Make sure that it still runs.

        Raises:
            DemoError: it has ended.
        """
        if not self.is_alive():
            raise DemoError(f"{self.name}: ended with exit code {self._process.returncode} in the middle of the demo")

    def end(self) -> int:
        """Ask it to end, which may have happened already, and return its exit code.

        Raises:
            DemoError: it did not end in time; it is killed then.
        """
        if self.is_alive():
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise DemoError(f"{self.name}: did not end within {PATIENCE:.0f} s of SIGTERM") from None

    def kill(self) -> None:
        """End it for certain."""
        self._process.kill()
        self._process.wait()
