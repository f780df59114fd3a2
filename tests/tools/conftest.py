"""Programs that are not what they seem: fakes on a PATH of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

InstallFake = Callable[[str, str], Path]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The one directory on the fakes' PATH; empty at first."""
    directory = tmp_path / "bin"
    directory.mkdir()
    return directory


@pytest.fixture
def install_fake(programs: Path) -> InstallFake:
    """Put a program on that PATH, given as a shell script that uses no other program by name."""

    def install(name: str, script: str) -> Path:
        path = programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return install


@pytest.fixture
def machine(tmp_path: Path, programs: Path) -> dict[str, str]:
    """The environment of a machine that has nothing but the fakes."""
    return {"PATH": str(programs), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
