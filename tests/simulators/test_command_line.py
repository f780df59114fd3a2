import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from anmc_simulators.cli import main

COMMAND = Path(sys.executable).with_name("anmc-simulators")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60)


def run_here(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """Run the program in this process, which saves its start; returns the exit code."""
    monkeypatch.setattr(sys, "argv", ["anmc-simulators", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.fixture
def ready_file(tmp_path: Path) -> Path:
    return tmp_path / "ready.json"


@pytest.fixture
def server(ready_file: Path) -> Iterator[subprocess.Popen[str]]:
    command: list[str | Path] = [COMMAND, "serve", "--lag", "0", "--calls-per-second", "0", "--ready-file", ready_file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def urls_of(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    urls: dict[str, str] = json.loads(process.stdout.readline())
    return urls


def test_a_seeded_server_serves_pages_and_ends_gracefully(server: subprocess.Popen[str]) -> None:
    urls = urls_of(server)
    seeded = run("seed", "200", "--url", urls["mobile_commons"])
    summary: dict[str, Any] = json.loads(seeded.stdout)

    with httpx.Client(headers={"OSDI-API-Token": summary["action_network"]["key"]}) as client:
        pages = [client.get(f"{urls['action_network']}/api/v2/people").json()]
        while following := pages[-1]["_links"].get("next"):
            pages.append(client.get(following["href"]).json())
        people = [person for page in pages for person in page["_embedded"]["osdi:people"]]
    server.send_signal(signal.SIGTERM)

    assert len(people) == len({person["identifiers"][0] for person in people}) == summary["action_network"]["people"]
    assert server.wait(timeout=30) == 0


def test_people_can_be_invented_before_the_services_listen() -> None:
    with subprocess.Popen(
        [COMMAND, "serve", "--people", "20", "--seed", "2"], stdout=subprocess.PIPE, text=True
    ) as process:
        urls = urls_of(process)
        try:
            accounts = json.loads(run("seed", "0", "--url", urls["action_network"]).stdout)
            page = httpx.get(
                f"{urls['action_network']}/api/v2/people", headers={"OSDI-API-Token": accounts["action_network"]["key"]}
            )
        finally:
            process.kill()

    assert len(page.json()["_embedded"]["osdi:people"]) == accounts["action_network"]["people"] == 17


def test_ctrl_c_is_a_graceful_end_too(server: subprocess.Popen[str]) -> None:
    urls_of(server)

    server.send_signal(signal.SIGINT)

    assert server.wait(timeout=30) == 0


def test_a_held_answer_does_not_delay_the_end(server: subprocess.Popen[str]) -> None:
    urls = urls_of(server)
    fault = {"fault": "timeout-before", "service": "mobile-commons"}
    httpx.post(f"{urls['mobile_commons']}/_sim/faults", json=fault).raise_for_status()

    with socket.create_connection(("127.0.0.1", int(urls["mobile_commons"].rpartition(":")[2])), timeout=30) as client:
        client.sendall(b"GET /api/campaigns HTTP/1.1\r\nHost: simulator\r\n\r\n")
        while not httpx.get(f"{urls['action_network']}/_sim/journal").json()["accounts"]:
            pass
        server.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionResetError):
            client.recv(1)

    assert server.wait(timeout=30) == 0


def test_the_ready_file_holds_the_addresses_that_are_printed(server: subprocess.Popen[str], ready_file: Path) -> None:
    urls = urls_of(server)

    assert json.loads(ready_file.read_text()) == urls
    assert all(url.startswith("http://127.0.0.1:") for url in urls.values())


def test_both_services_listen_when_the_line_is_printed(server: subprocess.Popen[str]) -> None:
    urls = urls_of(server)

    health = [httpx.get(f"{url}/_sim/healthz").status_code for url in urls.values()]
    refusals = [
        httpx.get(f"{urls['mobile_commons']}/api/campaigns").status_code,
        httpx.get(f"{urls['action_network']}/api/v2/people").status_code,
    ]

    assert (health, refusals) == ([200, 200], [401, 403])


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        outcome = run("serve", "--action-network-port", str(port))

    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert str(port) in outcome.stderr


def test_a_seed_without_a_server_is_one_line() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))

        outcome = run("seed", "1", "--url", f"http://127.0.0.1:{nobody.getsockname()[1]}")

    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert "anmc-simulators serve" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["serve", "--lag", "-1"],
        ["serve", "--people", "1000001"],
        ["serve", "--action-network-port", "http"],
        ["serve", "--host", "localhost"],
        ["serve", "--calls-per-second", "-1"],
        ["serve", "--concurrency", "many"],
        ["serve", "--latency", "soon"],
        ["serve", "--latency", "nowhere=1"],
        ["seed", "10", "--url", "http://127.0.0.1:1", "--people", "3"],
        ["fault", "malformed", "--url", "http://127.0.0.1:1"],
        ["fault", "malformed", "--clear", "--url", "http://127.0.0.1:1"],
        ["fault", "status", "503", "--service", "action-network", "--url", "http://127.0.0.1:1"],
        ["fault", "malformed", "--service", "nowhere", "--url", "http://127.0.0.1:1"],
        ["fault", "malformed", "seed=3", "--service", "action-network", "--url", "http://127.0.0.1:1"],
        ["journal"],
        ["text", "--url", "http://127.0.0.1:1"],
        ["seed"],
        ["seed", "many", "--url", "http://127.0.0.1:1"],
        ["seed", "10"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_here(arguments, monkeypatch)
    printed = capsys.readouterr().err

    assert code == 2
    assert printed.startswith("anmc-simulators: ")
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["serve", "seed"]),
        (["serve", "--help"], ["--host", "--lag", "--people", "--ready-file", "127.0.0.1", "lognormal:MEDIAN:SIGMA"]),
        (["fault", "--help"], ["poisoned-record", "--times", "--probability"]),
        (["seed", "--help"], ["--url", "--seed"]),
    ],
)
def test_help_names_commands_and_options(
    arguments: list[str], words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_here(arguments, monkeypatch)
    # Long names are broken at the edge of the terminal.
    printed = "".join(capsys.readouterr().out.split())

    assert code == 0
    assert [word for word in words if word not in printed] == []
