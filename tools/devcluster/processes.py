"""Programs that go on when their starter is gone, known by their pid files."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from devcluster.errors import ClusterError

END_PATIENCE: Final = 20.0
"""Seconds until a killed program has to be gone; a big one on a busy disk takes one or two."""

_EXEC_LOOKS: Final = 100
"""Looks, a millisecond apart, at a process without a command line: one that is about to become its program has none
for a moment, a thread of the kernel never has one."""

# The shell ends at once: what it started belongs to init, which nobody has to wait for.
_DETACH: Final = 'pid=$1 log=$2; shift 2; "$@" </dev/null >"$log" 2>&1 & echo $! >"$pid"'


def spawn(name: str, command: list[str], directory: Path) -> None:
    """Start a program in a session of its own, with `<name>.log` and `<name>.pid` in the directory.

    The command line has to name a path below the directory: that is how the program is known again.
    """
    subprocess.run(
        ["sh", "-c", _DETACH, "sh", str(directory / f"{name}.pid"), str(directory / f"{name}.log"), *command],
        start_new_session=True,
        check=True,
    )


def find_pid(name: str, directory: Path) -> int | None:
    """Return the program's pid while it really is that program; a reused number is somebody else."""
    try:
        pid = int((directory / f"{name}.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if f"{directory}/" in _command_line(pid) else None


def send(name: str, what: signal.Signals, directory: Path) -> None:
    """Send a signal to the program.

    Raises:
        ClusterError: it does not run.
    """
    pid = find_pid(name, directory)
    if pid is None:
        raise ClusterError(f"{name} of {directory} does not run")
    os.kill(pid, what)


def kill_all(directory: Path) -> None:
    """End every program of the directory.

    SIGKILL, because what they keep is thrown away with them, and a stopped program heeds nothing else.

    Raises:
        ClusterError: one is still there after 20 seconds.
    """
    names = [path.stem for path in directory.glob("*.pid")]
    for name in names:
        pid = find_pid(name, directory)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + END_PATIENCE
    while remaining := [name for name in names if find_pid(name, directory) is not None]:
        if time.monotonic() > deadline:
            raise ClusterError(f"{', '.join(remaining)} of {directory} cannot be ended; see `ps`")
        time.sleep(0.02)


def read_log(name: str, directory: Path) -> str:
    """Return what the program wrote; empty when it never started."""
    try:
        return (directory / f"{name}.log").read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _command_line(pid: int) -> str:
    """Return the command line, empty when there is no such process or only its exit status is left."""
    if Path("/proc/self/cmdline").exists():
        return _command_line_in_proc(Path("/proc") / str(pid))
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout


def _command_line_in_proc(process: Path) -> str:
    try:
        for _ in range(_EXEC_LOOKS):
            if words := (process / "cmdline").read_bytes():
                return words.replace(b"\0", b" ").decode(errors="replace")
            if _has_exited(process):
                break
            time.sleep(0.001)
    except (FileNotFoundError, ProcessLookupError):
        pass
    return ""


def _has_exited(process: Path) -> bool:
    """Say whether only the exit status is left; the name, which may hold anything, stands in parentheses."""
    return (process / "stat").read_bytes().rpartition(b")")[2].split()[0] in {b"Z", b"X"}
