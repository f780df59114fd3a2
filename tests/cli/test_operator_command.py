import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from anmc.cli import main

COMMAND = str(Path(sys.executable).parent / "anmc-operator")


def run(*arguments: str, directory: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command with no setting but those given."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("ANMC_", "KUBE"))}
    return subprocess.run(
        [COMMAND, *arguments],
        env=bare | {"HOME": "/nonexistent"} | environment,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_installed_command_tells_its_version() -> None:
    ended = run("version")

    assert ended.returncode == 0
    assert ended.stdout == f"anmc {version('anmc')} (Kopf {version('kopf')})\n"


def main_with(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["anmc-operator", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_short_version_is_the_number_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_with("version", "--short", monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == f"{version('anmc')}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["version", "--loud"], ["run", "now"], ["--loud"]], ids=" ".join)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main_with(*arguments, monkeypatch=monkeypatch)

    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert said.err.startswith("anmc-operator: ")
    assert said.err.count("\n") == 1


def test_help_names_the_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code = main_with("--help", monkeypatch=monkeypatch)

    page = capsys.readouterr().out
    assert code == 0
    assert "run" in page
    assert "version" in page


@pytest.mark.parametrize(("arguments", "started"), [([], 1), (["run"], 1), (["version"], 0)])
def test_the_operator_runs_by_name_and_by_default(
    arguments: list[str], started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[int] = []

    def operator() -> int:
        starts.append(1)
        return 3

    monkeypatch.setattr("anmc.__main__.main", operator)

    code = main_with(*arguments, monkeypatch=monkeypatch)

    assert len(starts) == started
    assert code == 3 * started


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANMC_LOG_LEVEL", "chatty"),
        ("ANMC_ALLOWED_ORIGINS", "ftp://example.org"),
        ("ANMC_DATABASE_URL", "nonsense"),
        ("KUBECONFIG", "/nonexistent/kubeconfig"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it_and_exit_code_2(variable: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    environment = {"KUBECONFIG": str(tmp_path / "kubeconfig"), variable: value}

    ended = run(directory=tmp_path, **environment)

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"anmc-operator: {variable}")
    assert ended.stderr.count("\n") == 1
    assert value not in ended.stderr


def test_a_store_that_cannot_be_read_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    (tmp_path / "anmc.db").write_text("This is no database. " * 100)

    ended = run(directory=tmp_path, KUBECONFIG=str(tmp_path / "kubeconfig"))

    assert ended.returncode == 1
    assert ended.stderr.startswith("anmc-operator: ")
    assert ended.stderr.count("\n") == 1


def test_an_address_in_use_is_one_line_and_exit_code_2(tmp_path: Path, occupied_port: int) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)

    ended = run(
        directory=tmp_path,
        KUBECONFIG=str(tmp_path / "kubeconfig"),
        ANMC_HTTP_ADDRESS=f"127.0.0.1:{occupied_port}",
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("anmc-operator: ANMC_HTTP_ADDRESS")
    assert ended.stderr.count("\n") == 1


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
current-context: nowhere
"""
