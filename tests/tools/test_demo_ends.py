"""However the demo ends, nothing goes on afterwards."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow(seconds=75)

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def demo_after_its_start(directory: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run the demo with its files in the directory; gives it and the operator's pid once the operator leads."""
    with subprocess.Popen(
        [sys.executable, str(REPOSITORY / "tools" / "demo")],
        env={**os.environ, "TMPDIR": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            assert demo.stdout is not None
            pids = (re.search(r"the operator .*\(pid (\d+),", line) for line in demo.stdout)
            pid = next((int(found[1]) for found in pids if found), None)
            assert pid is not None, demo.communicate()[1]
            yield demo, pid
        finally:
            demo.terminate()


def processes_of(directory: Path) -> list[str]:
    listing = subprocess.run(["ps", "-ww", "-e", "-o", "command="], capture_output=True, text=True, check=True).stdout
    return [command for command in listing.splitlines() if str(directory) in command]


def test_an_operator_that_dies_ends_the_demo_with_the_reason_and_its_log(tmp_path: Path) -> None:
    with demo_after_its_start(tmp_path) as (demo, operator):
        os.kill(operator, signal.SIGKILL)
        told, errors = demo.communicate()

    assert demo.returncode == 1
    assert errors.splitlines()[-1] == "demo: operator: ended with exit code -9 in the middle of the demo"
    assert "operator.started" in told
    assert processes_of(tmp_path) == []
    (directory,) = tmp_path.iterdir()
    assert f"The logs stay in {directory / 'logs'}" in told
    assert [path.name for path in directory.iterdir()] == ["logs"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_but_its_logs(tmp_path: Path, number: signal.Signals) -> None:
    with demo_after_its_start(tmp_path) as (demo, operator):
        demo.send_signal(number)
        demo.communicate()

    assert demo.returncode == 130
    assert processes_of(tmp_path) == []
    with pytest.raises(ProcessLookupError):
        os.kill(operator, 0)
    (directory,) = tmp_path.iterdir()
    assert [path.name for path in directory.iterdir()] == ["logs"]
