"""The commands that act on a running server, as people type them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from anmc_simulators import cli, server

COMMAND = Path(sys.executable).with_name("anmc-simulators")
ADA = "12025550123"


class Server:
    """A running process, spoken to with its own commands, some of them in this process to save the start."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.urls = urls

    def run(self, *arguments: str) -> Any:
        """Run a command and return what it prints."""
        outcome = CliRunner().invoke(cli.app, arguments, env={"ANMC_SIMULATORS_URL": self.urls["action_network"]})
        assert outcome.exit_code == 0, outcome.output
        return json.loads(outcome.stdout)

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.urls['mobile_commons']}{path}").json()


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    latencies = ["--latency", "0.001", "--latency", "mobile-commons=uniform:0.001:0.002+0.001/page"]
    with subprocess.Popen([COMMAND, "serve", *latencies], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = Server(json.loads(process.stdout.readline()))
        started.run("seed", "30")
        yield started
        process.kill()


@pytest.fixture(autouse=True)
def _clean(running: Server) -> None:
    running.run("reset")


def test_the_real_limits_are_on_and_the_latencies_as_ordered(running: Server) -> None:
    limits, latencies = running.get("/_sim/limits"), running.get("/_sim/latency")

    assert [(row["calls_per_second"], row["concurrency"]) for row in limits["services"]] == [(4, None), (None, 160)]
    assert [row["latency"] for row in latencies["services"]] == [
        "constant:0.001",
        "uniform:0.001:0.002+0.001/page",
    ]


def test_limits_can_be_switched_off_and_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    served = _serve(monkeypatch, "--calls-per-second", "0", "--concurrency", "7")

    rows = served.traffic.limits.document(now=0)["services"]
    assert [(row["calls_per_second"], row["concurrency"]) for row in rows] == [(None, None), (None, 7)]


def test_a_person_texts_leaves_and_ticks(running: Server) -> None:
    joined = running.run("text", "(202) 555-0123")
    left = running.run("stop", ADA)
    person = httpx.post(
        f"{running.urls['action_network']}/_sim/action-network/people", json={"phone": "12025550199"}
    ).json()
    boxes = [
        running.run("tick", "12025550199", *options)["custom_fields"] for options in ([], ["--off"], ["--value", "Yes"])
    ]

    assert [(one["phone"], one["status"]) for one in (joined, left)] == [
        (ADA, "Active Subscriber"),
        (ADA, "Undeliverable"),
    ]
    assert person["custom_fields"] == {}
    assert boxes == [{"sms_opt_in": "1"}, {"sms_opt_in": "0"}, {"sms_opt_in": "Yes"}]


def test_a_fault_is_ordered_shown_and_withdrawn(running: Server) -> None:
    terms = ["--service", "action-network", "--operation", "list_people", "--times", "1", "--after", "1"]
    ordered = running.run("fault", "status", "status=503", "retry_after=NaN", *terms)
    shown = running.run("fault")
    withdrawn = running.run("fault", "--clear")

    (fault,) = ordered["faults"]
    assert (fault["status"], fault["retry_after"], fault["operation"]) == (503, "NaN", "list_people")
    assert (fault["times"], fault["after"], fault["account"]) == (1, 1, "*")
    assert (shown, withdrawn) == (ordered, {"faults": []})


def test_the_journal_is_read_filtered_and_reset(running: Server) -> None:
    httpx.get(f"{running.urls['action_network']}/api/v2/people")
    httpx.get(f"{running.urls['mobile_commons']}/api/campaigns")

    refused = running.run("journal", "--service", "action-network", "--status", "403", "--limit", "1")
    running.run("reset", "journal")
    empty = running.run("journal", "--limit", "0")

    assert [row["operation"] for row in refused["requests"]] == ["list_people"]
    assert empty["totals"]["calls"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fault", "gremlins", "--service", "action-network"], "fault must be one of application-error"),
        (["stop", "12025550177"], "no profile has that number"),
        (["reset", "people"], "only: 'people' is none of journal"),
    ],
)
def test_a_refusal_is_one_line_and_exit_1(
    running: Server,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["anmc-simulators", *arguments, "--url", running.urls["mobile_commons"]])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    printed = capsys.readouterr().err
    assert ended.value.code == 1
    assert printed.startswith(f"anmc-simulators: {message}")
    assert printed.count("\n") == 1


def test_whoever_opens_the_control_to_others_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _serve(monkeypatch, "--host", "192.0.2.1")
    warned = capsys.readouterr().err
    _serve(monkeypatch, "--host", "127.0.0.1")
    silent = capsys.readouterr().err

    assert warned == "anmc-simulators: whoever reaches 192.0.2.1 controls the simulators; there is no log-in\n"
    assert silent == ""


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (("127.0.0.1", 8001), "http://127.0.0.1:8001"),
        (("0.0.0.0", 8001), "http://127.0.0.1:8001"),  # noqa: S104  how the address reads, nobody listens
        (("192.0.2.1", 8001), "http://192.0.2.1:8001"),
        (("::", 8001, 0, 0), "http://[::1]:8001"),
        (("::1", 8001, 0, 0), "http://[::1]:8001"),
    ],
)
def test_the_addresses_that_are_printed_can_be_reached_from_this_machine(address: tuple[Any, ...], url: str) -> None:
    class Socket:
        @staticmethod
        def getsockname() -> tuple[Any, ...]:
            return address

    assert server.base_urls({"either": Socket()}) == {"either": url}  # type: ignore[dict-item]  # its name is all


def _serve(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    """Run `serve` on loopback up to where it would listen for ever; returns what it would serve."""
    served = []

    async def serve(simulation: object, sockets: dict[str, Any], **_: object) -> None:
        served.append(simulation)
        for sock in sockets.values():
            sock.close()

    monkeypatch.setattr(cli, "serve_both", serve)
    monkeypatch.setattr(cli, "listen", lambda port, **_: server.listen(port))
    cli.app(["serve", *arguments], standalone_mode=False)
    return served[0]
