import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def run_devcluster(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "devcluster", *arguments],
        env={"PYTHONPATH": str(REPOSITORY / "tools"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_machine_without_any_source_is_told_in_one_line(tmp_path: Path) -> None:
    run = run_devcluster("start", str(tmp_path / "cluster"), PATH=str(tmp_path), HOME=str(tmp_path))

    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert "ANMC_KUBECONFIG" in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    stopped = run_devcluster("stop", str(tmp_path))
    started = run_devcluster("start", str(tmp_path), PATH=os.environ["PATH"], ANMC_KUBECONFIG=str(Path(__file__)))

    assert stopped.returncode == 0
    assert started.returncode == 1
    assert "holds no cluster" in started.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_help_explains_every_verb() -> None:
    verbs = {"help", "demo", "test", "lint", "format", "bench-clients", "cluster", "cluster-down", "lock"}

    listed = subprocess.run(["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert set(re.findall(r"^ +make (\S+) +\S", listed, re.MULTILINE)) == verbs
