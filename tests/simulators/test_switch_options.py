"""Switches on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from anmc_simulators.cli import main
from anmc_simulators.switch_table import markdown

COMMAND = Path(sys.executable).with_name("anmc-simulators")


def test_a_server_starts_with_its_switches_and_a_reset_leads_back_to_them() -> None:
    options = ["--switch", "mobile_commons.page_cap=7", "--switch=action_network.lag_modified_date=3", "--lag=0"]
    with subprocess.Popen([COMMAND, "serve", *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            switches = f"{json.loads(process.stdout.readline())['action_network']}/_sim/switches"
            started = httpx.get(switches).json()
            httpx.patch(switches, json={"action_network": {"geocoding": False}})
            reset = httpx.delete(switches).json()
        finally:
            process.terminate()

    lags = [started["action_network"][f"lag_{date}_date"] for date in ("created", "modified")]
    assert (started["mobile_commons"]["page_cap"], lags) == (7, [0, 3])
    assert reset == started


def test_the_switches_are_printed_as_the_documentation_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["anmc-simulators", "switches"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert (ended.value.code, capsys.readouterr().out) == (0, markdown())


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("action_network.order=sideways", "order must be one of insertion, shuffled, by_modified_date"),
        ("action_network.order", "'action_network.order' is not of the form SERVICE.NAME=VALUE"),
        ("twitter.order=shuffled", "twitter is no service; there are action_network, mobile_commons"),
    ],
)
def test_a_wrong_switch_is_one_line_that_names_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str, message: str
) -> None:
    monkeypatch.setattr("sys.argv", ["anmc-simulators", "serve", "--switch", option])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"anmc-simulators: Invalid value for --switch: {message}\n"
