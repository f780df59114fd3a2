import os
import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / "tools" / "setup"

PYTHON = """#!/bin/sh
case "$1" in
    -c) exit "$TOO_OLD" ;;
    --version) echo Python 3.11.7; exit ;;
esac
echo "$*" >>"$CALLS"
case "$*" in
    "-m venv"*)
        for environment do :; done
        mkdir -p "$environment/bin" && cp "$0" "$environment/bin/python"
        ;;
    *--require-hashes*) exit "$PIP_FAILS" ;;
esac
"""
"""A Python that writes down what it is asked to do, and copies itself into an environment."""


class Checkout:
    """A tree with just enough in it to be set up."""

    def __init__(self, root: Path, calls: Path) -> None:
        self.root = root
        self.calls = calls

    def set_up(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        self.calls.write_text("")
        environment = {"TOO_OLD": "0", "PIP_FAILS": "0", "CALLS": str(self.calls), "PATH": os.environ["PATH"]}
        return subprocess.run(
            [self.root / "tools" / "setup", *arguments],
            env={**environment, "PYTHON": str(self.calls.with_name("python")), **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    def asked(self) -> str:
        return self.calls.read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "checkout"
    (root / "tools").mkdir(parents=True)
    (root / "requirements").mkdir()
    shutil.copy(SETUP, root / "tools" / "setup")
    (root / "pyproject.toml").write_text("[project]\n")
    for name in ("dev.txt", "parsons.txt"):
        (root / "requirements" / name).write_text("ruff==1 \\\n    --hash=sha256:00\n")
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return Checkout(root, tmp_path / "calls")


def test_the_first_run_installs_what_is_locked(checkout: Checkout) -> None:
    run = checkout.set_up()

    assert run.returncode == 0
    create, requirements, project = checkout.asked().splitlines()
    assert create == "-m venv --clear .venv"
    assert "--require-hashes --requirement requirements/dev.txt" in requirements
    assert "--no-deps --no-build-isolation --editable ." in project
    assert run.stdout == ""
    assert "installing the 1 packages" in run.stderr


def test_a_second_run_does_nothing(checkout: Checkout) -> None:
    checkout.set_up()

    run = checkout.set_up()

    assert run.returncode == 0
    assert checkout.asked() + run.stdout + run.stderr == ""


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements/dev.txt"])
def test_a_change_is_installed_into_the_same_environment(checkout: Checkout, name: str) -> None:
    checkout.set_up()
    with (checkout.root / name).open("a") as file:
        file.write("# newer\n")

    checkout.set_up()

    assert "install --require-hashes" in checkout.asked()
    assert "-m venv" not in checkout.asked()


def test_a_failed_installation_is_tried_again(checkout: Checkout) -> None:
    failed = checkout.set_up(PIP_FAILS="1")

    again = checkout.set_up()

    assert failed.returncode != 0
    assert again.returncode == 0
    assert "install --require-hashes" in checkout.asked()


def test_a_tree_that_was_moved_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.set_up()
    checkout.root = checkout.root.rename(checkout.root.with_name("elsewhere"))

    checkout.set_up()

    assert checkout.asked().startswith("-m venv --clear .venv\n")


def test_an_environment_without_its_python_is_made_anew(checkout: Checkout) -> None:
    checkout.set_up()
    (checkout.root / ".venv" / "bin" / "python").unlink()

    checkout.set_up()

    assert checkout.asked().startswith("-m venv --clear .venv\n")


def test_a_python_that_is_too_old_is_one_line(checkout: Checkout) -> None:
    run = checkout.set_up(TOO_OLD="1")

    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert "Python 3.11 or newer" in run.stderr


def test_no_python_at_all_is_one_line(checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("cat", "cmp", "date", "dirname", "head"):
        (path / name).symlink_to(str(shutil.which(name)))

    run = checkout.set_up(PATH=str(path), PYTHON="")

    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert "make PYTHON=" in run.stderr


def test_parsons_is_not_installed_unless_asked_for(checkout: Checkout) -> None:
    checkout.set_up()

    assert not (checkout.root / ".venv-parsons").exists()


def test_parsons_gets_what_is_locked_and_an_environment_of_its_own(checkout: Checkout) -> None:
    checkout.set_up()

    run = checkout.set_up("parsons")

    assert run.returncode == 0
    create, build, install = checkout.asked().splitlines()
    assert create == "-m venv --clear --without-pip .venv-parsons"
    assert "wheel --require-hashes --no-deps --no-build-isolation --requirement requirements/parsons.txt" in build
    assert "--python .venv-parsons/bin/python install --no-index --no-deps" in install
    assert "installing the 1 packages of requirements/parsons.txt" in run.stderr


def test_parsons_brings_the_project_with_it(checkout: Checkout) -> None:
    checkout.set_up("parsons")

    assert [line for line in checkout.asked().splitlines() if line.startswith("-m venv")] == [
        "-m venv --clear .venv",
        "-m venv --clear --without-pip .venv-parsons",
    ]


def test_a_second_run_with_parsons_does_nothing(checkout: Checkout) -> None:
    checkout.set_up("parsons")

    run = checkout.set_up("parsons")

    assert run.returncode == 0
    assert checkout.asked() + run.stdout + run.stderr == ""


def test_another_lock_of_parsons_leaves_the_project_alone(checkout: Checkout) -> None:
    checkout.set_up("parsons")
    with (checkout.root / "requirements" / "parsons.txt").open("a") as file:
        file.write("# newer\n")

    checkout.set_up("parsons")

    assert "-m venv --clear --without-pip .venv-parsons" in checkout.asked()
    assert "requirements/dev.txt" not in checkout.asked()


def test_a_failed_installation_of_parsons_is_tried_again(checkout: Checkout) -> None:
    checkout.set_up()
    failed = checkout.set_up("parsons", PIP_FAILS="1")

    again = checkout.set_up("parsons")

    assert failed.returncode != 0
    assert again.returncode == 0
    assert "wheel --require-hashes" in checkout.asked()
