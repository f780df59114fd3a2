import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.clients import floors
from bench.clients.floors import Floor
from bench.clients.measurement import Measurement, Verdict
from bench.clients.work import Task, Work
from bench.simulated import Traffic

BENCHMARK = Path(__file__).resolve().parents[1] / "bench" / "clients"

ROWS = [
    ("reading", "anmc"),
    ("reading", "Parsons"),
    ("reading", "plain script"),
    ("updating", "anmc"),
    ("updating", "Parsons"),
    ("updating", "plain script"),
]


@pytest.mark.parametrize(
    ("people", "floor"),
    [
        pytest.param(2500, Floor(101, 25.6), id="full-pages-and-an-empty-one"),
        pytest.param(2501, Floor(102, 25.85), id="one-more"),
        pytest.param(1, Floor(2, 0.85), id="one-person"),
    ],
)
def test_a_walk_takes_a_page_every_quarter_second_and_the_last_answer(people: int, floor: Floor) -> None:
    assert floors.reading(people, latency=0.6) == floor


def test_updates_take_their_latency_shared_by_those_in_flight() -> None:
    assert floors.updating(2000, latency=0.3, at_a_time=50) == Floor(2000, 12.0)


@pytest.mark.parametrize(
    ("is_ours", "records", "work", "traffic", "verdict"),
    [
        pytest.param(True, 2500, Work(2500, 28.1), Traffic(106), Verdict.OK, id="within"),
        pytest.param(True, 2500, Work(2500, 28.3), Traffic(101), Verdict.MISSED, id="slow"),
        pytest.param(True, 2500, Work(2500, 26.0), Traffic(107), Verdict.MISSED, id="wasteful"),
        pytest.param(True, 2500, Work(2500, 26.0), Traffic(102, refused=1), Verdict.MISSED, id="refused"),
        pytest.param(True, 2500, Work(2499, 26.0), Traffic(101), Verdict.MISSED, id="somebody-missing"),
        pytest.param(True, 999, Work(999, 99.0), Traffic(101), Verdict.NONE, id="too-little-to-judge"),
        pytest.param(False, 2500, Work(0, 9.0, ended_by="429"), Traffic(9, refused=1), Verdict.NONE, id="of-others"),
    ],
)
def test_our_clients_have_targets(
    *, is_ours: bool, records: int, work: Work, traffic: Traffic, verdict: Verdict
) -> None:
    task = Task("reading", "somebody", records, Floor(101, 25.6), is_ours)

    assert Measurement(task, work, traffic).verdict is verdict


def test_the_benchmark_measures_every_client(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    sizes = ["--people", "30", "--updates", "80", "--latency", "0.3", "--update-latency", "0.05"]

    run = subprocess.run(
        [sys.executable, BENCHMARK, *sizes, "--json", file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    rows = json.loads(file.read_text())["rows"]
    assert [(row["case"], row["client"].partition(" 6")[0]) for row in rows] == ROWS
    assert all(row["done"] == row["records"] for row in rows)
    assert all(row["calls"] >= row["floor_calls"] for row in rows)
    assert all(f"{row['seconds']:.2f}" in run.stdout for row in rows if row["seconds"] < 10)
