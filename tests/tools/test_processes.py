import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devcluster import ClusterError, processes


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A directory whose programs do not outlive the test."""
    os.mkfifo(tmp_path / "wait")
    yield tmp_path
    processes.kill_all(tmp_path)


def spawn_forever(name: str, home: Path) -> None:
    processes.spawn(name, ["/bin/sh", "-c", f"read -r line <{home}/wait", f"{home}/"], home)


def test_a_spawned_program_is_found_again(home: Path) -> None:
    spawn_forever("first", home)
    spawn_forever("second", home)

    pids = {processes.find_pid("first", home), processes.find_pid("second", home)}

    assert None not in pids
    assert len(pids) == 2


def test_a_spawned_program_leaves_the_session_of_its_starter(home: Path) -> None:
    spawn_forever("first", home)

    pid = processes.find_pid("first", home)

    assert pid is not None
    assert os.getsid(pid) != os.getsid(0)


def test_nothing_is_left_after_the_end(home: Path) -> None:
    spawn_forever("first", home)
    spawn_forever("second", home)
    processes.send("second", signal.SIGSTOP, home)

    processes.kill_all(home)

    assert processes.find_pid("first", home) is None
    assert processes.find_pid("second", home) is None


def test_a_reused_pid_is_left_alone(home: Path) -> None:
    with subprocess.Popen(["/bin/sh", "-c", "read -r line"], stdin=subprocess.PIPE) as stranger:
        (home / "first.pid").write_text(f"{stranger.pid}\n")

        processes.kill_all(home)

        assert processes.find_pid("first", home) is None
        assert stranger.poll() is None


def test_a_program_that_is_about_to_start_is_found(tmp_path: Path) -> None:
    process = tmp_path / "1"
    process.mkdir()
    os.mkfifo(process / "cmdline")
    (process / "stat").write_text("1 (sh) R 1 1 1\n")

    with ThreadPoolExecutor() as threads:
        looking = threads.submit(processes._command_line_in_proc, process)
        for words in ("", "etcd\0--data-dir"):  # each opening of the pipe is one look
            (process / "cmdline").write_text(words)

        assert looking.result() == "etcd --data-dir"


@pytest.mark.parametrize("state", ["Z", "X"])
def test_a_program_of_which_only_the_exit_status_is_left_is_gone(tmp_path: Path, state: str) -> None:
    (tmp_path / "cmdline").write_bytes(b"")
    (tmp_path / "stat").write_text(f"1 (etcd :-) R) {state} 1 1 1\n")

    assert processes._command_line_in_proc(tmp_path) == ""


@pytest.mark.parametrize("content", ["", "4194305\n"], ids=["unwritten", "gone"])
def test_a_pid_of_nobody_is_no_program(home: Path, content: str) -> None:
    (home / "first.pid").write_text(content)

    assert processes.find_pid("first", home) is None
    with pytest.raises(ClusterError, match=r"first of .* does not run"):
        processes.send("first", signal.SIGSTOP, home)


def test_what_a_program_wrote_is_kept(home: Path) -> None:
    processes.spawn("first", ["/bin/sh", "-c", f"echo heard >{home}/wait; echo said", f"{home}/"], home)

    assert (home / "wait").read_text() == "heard\n"
    processes.kill_all(home)
    assert processes.read_log("second", home) == ""
