from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pytest

from devcluster import ClusterError, build
from devcluster.pins import Pins

InstallFake = Callable[[str, str], Path]

COMPILER = """
echo "$GOFLAGS|$GOWORK|$CGO_ENABLED" >>"$HOME/calls"
until [ -e "$HOME/open" ]; do /bin/sleep 0.05; done
while [ "$1" != -o ]; do shift; done
echo program >"$2"
"""
"""Writes what it is asked for as soon as the test opens the gate."""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> "Queue[str]":
    lines: Queue[str] = Queue()
    monkeypatch.setattr(build, "report", lines.put)
    return lines


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """What the compiler waits for."""
    return tmp_path / "open"


def wait_for_line(said: "Queue[str]", part: str) -> str:
    while part not in (line := said.get(timeout=60)):
        pass
    return line


def test_builders_at_the_same_time_build_once(
    machine: dict[str, str],
    install_fake: InstallFake,
    said: "Queue[str]",
    gate: Path,
    tmp_path: Path,
) -> None:
    go = str(install_fake("go", COMPILER))
    machine |= {"GOFLAGS": "-race", "GOWORK": "/elsewhere/go.work"}

    with ThreadPoolExecutor() as pool:
        builders = [pool.submit(build.build, go, Pins(), machine) for _ in range(2)]
        try:
            wait_for_line(said, "another process builds")
        finally:
            gate.touch()
        built = {builder.result(timeout=60) for builder in builders}

    assert built == {Pins().cache(machine)}
    assert (tmp_path / "calls").read_text().splitlines() == ["|off|0"] * 2
    names = {"control-plane", "etcd", "kube-apiserver", "kube-controller-manager"}
    assert {path.name for path in built.pop().iterdir()} == names


def test_a_long_build_gives_signs_of_life(
    machine: dict[str, str],
    install_fake: InstallFake,
    said: "Queue[str]",
    gate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = str(install_fake("go", f"echo k8s.io/api >&2; {COMPILER}"))
    monkeypatch.setattr(build, "SIGN_OF_LIFE", 0.05)

    with ThreadPoolExecutor() as pool:
        builder = pool.submit(build.build, go, Pins(), machine)
        try:
            sign = wait_for_line(said, ", 1 packages so far")
        finally:
            gate.touch()
        builder.result(timeout=60)

    assert sign.startswith("building kube-apiserver")


def test_a_failed_build_says_why_and_leaves_nothing(
    machine: dict[str, str], install_fake: InstallFake, said: "Queue[str]"
) -> None:
    go = str(install_fake("go", "echo main.go:7: undefined >&2; exit 1"))
    cache = Pins().cache(machine)

    with pytest.raises(ClusterError, match="undefined"):
        build.build(go, Pins(), machine)

    assert not said.empty()
    assert [path.name for path in cache.parent.iterdir()] == [f"{cache.name}.lock"]


def test_the_remains_of_a_killed_build_are_removed(
    machine: dict[str, str], install_fake: InstallFake, said: "Queue[str]"
) -> None:
    go = str(install_fake("go", 'while [ "$1" != -o ]; do shift; done; echo program >"$2"'))
    cache = Pins().cache(machine)
    remains = cache.with_name(f"{cache.name}.building-0")
    remains.mkdir(parents=True)

    build.build(go, Pins(), machine)

    assert not said.empty()
    assert not remains.exists()
